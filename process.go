package lameduck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/task"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// ErrCut is wrapped by the error of Run if the end of the grace period cut a
// request, hijacked connection, worker or closer short: see [CutError].
var ErrCut = errors.New("cut")

// hookGap is how long after a preStop hook the stop signal may come. The
// kubelet sends it at once.
const hookGap = 5 * time.Second

// A Process is all that one process serves and all that must end well:
// servers, background workers, closers. Set its fields and add its parts,
// then call [Process.RunUntilSignal] or [Process.Run], once. The zero value
// is ready to use.
//
// A duration of zero stands for its default, a negative one for none. The
// environment variables LAMEDUCK_DELAY, _QUIET, _SPREAD, _GRACE and _RESERVE
// override them; a value that cannot be used is an error of Run, at once.
type Process struct {
	Delay   time.Duration // lame duck: serve on for at least this long; default 10 s
	Quiet   time.Duration // and until no new connection came for this long; default 2 s
	Spread  time.Duration // long-lived connections are asked to leave over this time; default 3 s
	Grace   time.Duration // terminationGracePeriodSeconds of the pod; default 30 s
	Reserve time.Duration // of Grace, kept for closers; what is in flight is cut before it; default 3 s

	FailReadiness bool         // [Ready] fails from the begin: for load balancers that poll, and kills the kubelet starts itself
	Log           *slog.Logger // one line a phase, written in order in another goroutine; default slog.Default()

	// Observe, if set, is told each change of phase, one at a time and in
	// order, while the termination goes on. It is waited for before the closers
	// and at the end, for a tenth of Reserve at most.
	Observe func(Status)

	log          *slog.Logger // which passes on to Log
	servers      []*server
	health       []*healthServer
	members      term.Members
	healthFailed bool       // of the goroutine of run
	cuts         *cutReport // of the goroutine of run, nil before the cut
	workers      []*task.Task
	closers      []*task.Task

	mu     sync.Mutex // orders begin and resume
	hookAt time.Time  // T0 of the last preStop call that was taken back; guarded by mu
	ran    atomic.Bool
	state  term.State
	conns  link.Set
	env    *link.Env // of the connections
	watch  watch

	began    chan struct{} // has an element when a termination has begun
	failures chan error    // of servers and workers
	clocks   term.Clocks
	hard     context.Context // ends at the cut
	cut      context.CancelCauseFunc
	leave    term.Latch     // workers are asked to leave
	serving  term.Countdown // of listeners whose accept queue may hold something
	working  term.Countdown // of tasks
}

// Worker adds a background worker. When [Draining] of its context closes, at
// the stop signal, it should take no new work, finish what it holds and
// return. Its context ends at the cut. An error, or a panic, begins the termination of the Process.
func (p *Process) Worker(name string, work func(context.Context) error) {
	p.workers = append(p.workers, task.New(kindWorker, name, work))
}

// Closer adds what runs last, when nothing is in flight any more: closers
// run in reverse order of registration, as deferred calls do. Each is given
// an equal share of what is left of Grace, which is Reserve at least; its
// context ends with that share, and one that does not return by then is left
// behind, named with its stack. Neither that nor a panic, which is an error of
// Run, keeps the next one from its share.
func (p *Process) Closer(name string, closer func(context.Context) error) {
	p.closers = append(p.closers, task.New(kindCloser, name, closer))
}

// Run serves until ctx ends, then terminates. It returns nil if nothing was
// cut and nothing failed, else an error with a [CutError] for what was cut, and
// what failed: errors of listening at once, before anything is served. It touches no signal; after
// ctx ended it returns within Grace.
func (p *Process) Run(ctx context.Context) error {
	stop := make(chan struct{})
	defer close(stop)
	return p.run(ctx, func() {
		select {
		case <-ctx.Done():
			p.begin(fmt.Sprint("context: ", context.Cause(ctx)), true)
		case <-stop:
		}
	})
}

// run is the one goroutine that takes the Process through its phases.
// control runs beside it and turns orders from outside into begin, hurry and
// cut.
func (p *Process) run(ctx context.Context, control func()) error {
	if err := p.setUp(ctx); err != nil {
		return err
	}
	defer p.cut(context.Canceled) // what a worker or a handler left behind ends too
	p.guard()
	p.enter(phaseServing, nil)
	p.start()
	go control()

	d := p.serveUntilStop()
	p.logClosing(d)
	p.state.Closing.Store(true)
	p.failHealth()
	p.shutListeners(d)
	p.finishOrCut(d)
	failed := p.runClosers(d)
	err := errors.Join(p.cuts.err(), failed, p.moreFailures(), p.shutdownByOthers())
	p.logEnd(d, err)
	p.enter(phaseEnded, d)
	p.observed(d)
	p.logged(d)
	return err
}

// setUp does all that can fail before anything is served.
func (p *Process) setUp(ctx context.Context) error {
	if p.ran.Swap(true) {
		return errors.New("lameduck: this Process has been run already")
	}
	c, err := p.resolve()
	if err != nil {
		p.closeListeners(acceptWait)
		return fmt.Errorf("lameduck: %w", err)
	}
	p.clocks = c
	p.log = program.NewLog(cmp.Or(p.Log, slog.Default()))
	p.conns.Init()
	p.began = make(chan struct{}, 1)
	p.leave = term.NewLatch()
	p.hard, p.cut = context.WithCancelCause(p.own(context.WithoutCancel(ctx)))
	p.env = &link.Env{State: &p.state, Set: &p.conns, Hard: p.hard, Log: p.log}
	if err := p.listen(); err != nil {
		return fmt.Errorf("lameduck: %w", err)
	}
	return nil
}

// resolve is what the clocks come to.
func (p *Process) resolve() (term.Clocks, error) {
	return term.Resolve(term.Clocks{Delay: p.Delay, Quiet: p.Quiet, Spread: p.Spread, Grace: p.Grace, Reserve: p.Reserve})
}

func (p *Process) start() {
	p.startServers()
	p.working = term.NewCountdown(len(p.tasks()))
	for _, t := range p.workers {
		go p.work(t)
	}
}

func (p *Process) work(t *task.Task) {
	defer p.worked()
	if err := t.Run(context.WithValue(p.hard, term.Key, term.Leaver(p.leave))); err != nil {
		p.fail(err)
	}
}

// fail reports the end of a part; the rest terminates in good order.
func (p *Process) fail(err error) {
	p.noticeClosed(err)
	p.failures <- err
	p.begin(err.Error(), true)
}

// moreFailures collects what failed.
func (p *Process) moreFailures() error {
	var errs []error
	for {
		select {
		case err := <-p.failures:
			errs = append(errs, err)
		default:
			return errors.Join(errs...)
		}
	}
}

// untilCut returns ctx as one of p, with a second end: the cut.
func (p *Process) untilCut(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(p.own(ctx))
	context.AfterFunc(p.hard, func() { cancel(context.Cause(p.hard)) })
	return ctx
}

// begin begins the termination, or returns the one that has begun. stop says
// that the process is to end, as it is not after a preStop call alone.
func (p *Process) begin(by string, stop bool) *term.Termination {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.state.Current.Load()
	if d == nil {
		d = p.newDrain(by, stop)
		p.state.Current.Store(d)
		p.began <- struct{}{}
	}
	if stop {
		d.Stop.Set()
		p.leave.Set()
	}
	return d
}

// newDrain is a termination that begins now. A stop signal that comes late after
// a preStop call, when that was taken back, shares its grace period: the kubelet
// counts that from the hook, and kills the process at its end. The caller holds mu.
func (p *Process) newDrain(by string, stop bool) *term.Termination {
	if passed := time.Since(p.hookAt); stop && !p.hookAt.IsZero() && passed < p.clocks.Grace {
		return term.New(by, p.clocks.After(passed))
	}
	return term.New(by, p.clocks)
}

// resume takes a termination back unless the process is to end.
func (p *Process) resume(d *term.Termination) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d.Stop.IsSet() {
		return false
	}
	p.hookAt = d.T0
	p.state.Current.Store(nil)
	p.resumeHealth()
	return true
}

// serveUntilStop serves, and goes through the lame duck, until the process
// is to end. A preStop call that no stop signal follows leads back to
// serving.
func (p *Process) serveUntilStop() *term.Termination {
	for {
		<-p.began
		d := p.state.Current.Load()
		p.logBegin(d)
		p.enter(phaseLameDuck, d)
		p.lameDuck(d)
		if d.Stop.IsSet() || !p.resume(d) {
			return d
		}
		p.log.Warn("preStop was called and no stop signal followed: serving on", "waited", hookGap)
		p.enter(phaseServing, nil)
	}
}
