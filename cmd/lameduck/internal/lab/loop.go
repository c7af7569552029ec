package lab

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// The lags of the control plane (kubernetes/kubernetes has no figures; these
// are inferred from their work on a cluster that is not busy).
const (
	sliceLagMin, sliceLagMax     = 20 * time.Millisecond, 150 * time.Millisecond // a pod changes -> the slice is written
	kubeletLagMin, kubeletLagMax = 10 * time.Millisecond, 100 * time.Millisecond // a pod is deleted -> its kubelet begins
)

// loop is the control plane. One goroutine (serve) owns everything in it but
// the mailbox; it is level-triggered as Kubernetes is: after every change each
// controller compares the whole state with the spec.
type loop struct {
	cfg    Config
	launch launch
	ctx    context.Context // ends when the lab closes
	mail   *mailbox
	ended  chan struct{} // closed when the loop and every pod have ended

	agenda     agenda
	due        time.Time // when what the loop does now was due
	sliceLag   *rand.Rand
	kubeletLag *rand.Rand

	replicas int // wanted
	revision int // of the pod template
	pods     []*podState
	created  int // pods so far, for their names
	sameName map[string]int
	running  int // goroutines in run

	latest *slice // the newest state, as the slice controller will write it
	nodes  []*node

	op        *operation
	waiting   atomic.Pointer[string] // what Waiting returns
	closeErrs []error
}

func newLoop(ctx context.Context, cfg Config, nodes []*node, start launch) *loop {
	l := &loop{
		cfg:        cfg,
		launch:     start,
		ctx:        ctx,
		mail:       newMailbox(),
		ended:      make(chan struct{}),
		sliceLag:   stream(cfg.Seed, "slice controller"),
		kubeletLag: stream(cfg.Seed, "kubelet"),
		latest:     &slice{},
		sameName:   map[string]int{},
		nodes:      nodes,
	}
	l.waiting.Store(new(""))
	return l
}

// serve runs until the lab is closed and every pod has exited.
func (l *loop) serve() {
	defer close(l.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for closed := l.ctx.Done(); closed != nil || l.running > 0; {
		select {
		case <-closed:
			closed = nil
			l.shutDown()
		case <-l.mail.wake:
			for _, f := range l.mail.take() {
				l.do(entry{time.Now(), f})
			}
		case <-timer.C:
			for e, due := l.agenda.due(time.Now()); due; e, due = l.agenda.due(time.Now()) {
				l.do(e)
			}
		}
		timer.Reset(l.agenda.wait(time.Now()))
	}
}

// do makes one change and runs every controller. A lab that is closing only
// waits for its pods to exit.
func (l *loop) do(e entry) {
	l.due = e.at
	e.do()
	if l.ctx.Err() != nil {
		return
	}
	l.reconcile()
	l.publish()
	l.advance()
}

// shutDown is the first step of closing; every run kills its own pod.
func (l *loop) shutDown() {
	l.agenda = nil
	l.finish(errClosed)
	for _, n := range l.nodes {
		n.show(&slice{})
	}
}

// later makes the loop run a function after a while. It counts from the moment
// at which the present one was due, so that one lateness delays nothing else.
func (l *loop) later(d time.Duration, do func()) { l.agenda.at(l.due.Add(d), do) }

func (l *loop) emit(e timeline.Event) {
	e.At = l.cfg.Clock.Now()
	if due := l.cfg.Clock.At(l.due); due < e.At {
		e.Due = due
	}
	l.cfg.Emit(e)
}

var errClosed = errors.New("the lab is closed")
