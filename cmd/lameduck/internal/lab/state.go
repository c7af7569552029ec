package lab

import (
	"context"
	"math/rand/v2"
	"slices"
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

// later makes the loop run a function after a while. It counts from the moment
// at which the present one was due, so that delays do not add up.
func (l *loop) later(d time.Duration, do func()) { l.agenda.at(l.due.Add(d), do) }

func (l *loop) emit(e timeline.Event) {
	e.At = l.cfg.Clock.Now()
	if due := l.cfg.Clock.At(l.due); due < e.At {
		e.Due = due
	}
	l.cfg.Emit(e)
}

// active are the pods that are not terminating.
func (l *loop) active() []*podState {
	return slices.DeleteFunc(slices.Clone(l.pods), func(m *podState) bool { return m.deleted })
}

func (l *loop) available(m *podState) bool { return m != nil && m.available(l.cfg.Workload.MinReady) }

// revisionOf is the revision that the pod of an ordinal should have: below the
// partition that of the start.
func (l *loop) revisionOf(ordinal int) int {
	if ordinal+l.cfg.Workload.Strategy.FirstOrdinal < l.cfg.Workload.Strategy.Partition {
		return 0
	}
	return l.revision
}

// upToDate reports whether a rollout leaves the pod as it is.
func (l *loop) upToDate(m *podState) bool {
	switch w := l.cfg.Workload; {
	case w.Strategy.Type == "OnDelete":
		return true
	case w.Kind == statefulSet:
		return m.revision == l.revisionOf(m.ordinal)
	}
	return m.revision == l.revision
}
