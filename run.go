package lameduck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/task"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// Run serves until ctx ends, then terminates. It returns nil if nothing was cut and
// nothing failed, else an error that wraps a [CutError], if something was cut, and the
// errors of what failed. It begins with [Process.Listen], whose error it returns at
// once: then nothing is served, and neither workers nor closers run. Run does not handle
// signals. It returns within Grace of the end of ctx.
func (p *Process) Run(ctx context.Context) error {
	ended := make(chan struct{})
	defer close(ended)
	return p.run(ctx, func() { p.followContext(ctx, ended) })
}

// followContext begins the termination when ctx ends.
func (p *Process) followContext(ctx context.Context, ended chan struct{}) {
	select {
	case <-ctx.Done():
		p.begin(fmt.Sprint("context: ", context.Cause(ctx)), true)
	case <-ended:
	}
}

// run takes the Process through its phases; no other goroutine does.
// control runs beside it and turns signals, or the end of a context, into orders.
func (p *Process) run(ctx context.Context, control func()) error {
	if err := p.setUp(ctx); err != nil {
		return err
	}
	defer p.cut(context.Canceled) // ends what a worker or a handler has started with its context and not waited for
	p.guard()
	p.enter(PhaseServing, nil)
	p.start()
	p.acceptOrders()
	go control()

	d := p.serveUntilStop()
	p.logFinishing(d)
	p.state.Finishing.Store(true)
	p.failHealth()
	p.shutListeners(d)
	p.finishOrCut(d)
	failed := p.runClosers(d)
	err := errors.Join(p.cuts.err(), failed, p.moreFailures(), p.shutdownByOthers())
	p.logEnd(d, err)
	p.enter(PhaseEnded, d)
	p.observed(d)
	p.logged(d)
	return err
}

// setUp does all that can fail before anything is served.
func (p *Process) setUp(ctx context.Context) error {
	if p.ran.Swap(true) {
		return errors.New("lameduck: this Process has been run already")
	}
	if err := p.Listen(); err != nil {
		return err
	}
	p.log = program.NewLog(cmp.Or(p.Log, slog.Default()))
	p.conns.Init()
	p.state.Origin = time.Now()
	p.began = make(chan struct{}, 1)
	p.leave = term.NewLatch()
	p.hard, p.cut = context.WithCancelCause(p.own(context.WithoutCancel(ctx)))
	p.env = &link.Env{State: &p.state, Set: &p.conns, Hard: p.hard, Log: p.log, IsProbe: p.IsProbe}
	listeners := 0
	for _, s := range p.servers {
		listeners += len(s.listeners)
	}
	p.serving = term.NewCountdown(listeners)
	p.failures = make(chan error, listeners+len(p.workers))
	return nil
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

// resume takes a termination back, unless an order to stop has come: then it returns
// false.
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
		p.enter(PhaseLameDuck, d)
		p.lameDuck(d)
		if d.Stop.IsSet() || !p.resume(d) {
			return d
		}
		p.log.Warn("preStop was called and no stop signal followed: serving on", "waited", hookGap)
		p.enter(PhaseServing, nil)
	}
}
