package lameduck

import (
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// Status returns what p is doing now. It may be called at any time, by any
// goroutine, and is meant for metrics and pages: it takes no lock that a
// request waits for, and looks at each connection once.
func (p *Process) Status() Status {
	s, _ := p.status(nil)
	return s
}

// status is Status, with the termination that it is about, nil while serving. It leaves
// out the items for which without returns true: the request that asks for the status.
func (p *Process) status(without func(item) bool) (Status, *term.Termination) {
	entered := p.watch.phase.Load()
	if entered == nil {
		return Status{InFlight: []Work{}}, nil
	}
	phase := *entered
	// A termination begins in any goroutine; that of run sets the phase a moment later.
	d := p.state.Current.Load()
	switch {
	case d == nil:
		phase = PhaseServing
	case phase == PhaseServing:
		phase = PhaseLameDuck
	}
	return p.statusIn(phase, d, without), d
}

func (p *Process) statusIn(phase Phase, d *term.Termination, without func(item) bool) Status {
	open := p.conns.List()
	s := Status{
		Phase:       phase,
		Connections: len(open),
		ClosedIdle:  int(p.conns.ClosedIdle.Load()),
		Cut:         int(p.watch.cut.Load()),
		InFlight:    []Work{}, // an array in JSON, also when empty
	}
	if d != nil {
		s.By, s.T0 = d.By, d.T0
		s.LateConnections, s.LateRequests = int(d.LateConns.Load()), int(d.LateReqs.Load())
	}
	for _, x := range p.inFlight(open) {
		if without == nil || !without(x) {
			s.InFlight = append(s.InFlight, x.Work)
		}
	}
	sortWork(s.InFlight, s.T0)
	return s
}

// enter takes p into its next phase. Only the goroutine of run calls it.
func (p *Process) enter(phase Phase, d *term.Termination) {
	p.watch.phase.Store(&phase)
	if p.Observe != nil {
		s := p.statusIn(phase, d, nil)
		p.call(&p.watch.observer, "Observe", func() { p.Observe(s) })
	}
}

// call has f called after the calls that q has already. what names f in the log if it
// panics.
func (p *Process) call(q *program.Calls, what string, f func()) {
	q.Add(func() {
		if err := program.Protect(func() error { f(); return nil }); err != nil {
			program.LogPanic(p.log, what+" panicked", err)
		}
	})
}

// delivered waits for the calls in q, which are those of Observe or of the log. That is
// done before the closers, which may flush what these calls have written, and at the end.
// The wait is as long as Clocks.Flush at most, the part of Reserve that is kept for the
// report, and is over half of Flush before Grace is. delivered returns false if calls are
// left.
func (p *Process) delivered(d *term.Termination, q *program.Calls) bool {
	least := leastWait(d)
	limit := max(d.Clocks.Flush(), least)
	last := d.T0.Add(d.Clocks.Grace - d.Clocks.Flush()/2)
	return q.Wait(max(least, min(limit, time.Until(last))))
}

// leastWait is the shortest time that delivered waits for calls, and that the cut waits
// for connections to close. When Grace is almost over, each wait takes half of what is
// left: a signal may come at the very end of a grace period that a preStop call has begun.
// Without Reserve the cut is at the end of Grace, and both waits come after that.
func leastWait(d *term.Termination) time.Duration {
	const least = 10 * time.Millisecond
	if d.Clocks.Reserve == 0 {
		return least
	}
	return max(0, min(least, time.Until(d.T0.Add(d.Clocks.Grace))/2))
}

// observed waits for Observe, and logs if it does not return.
func (p *Process) observed(d *term.Termination) {
	if !p.delivered(d, &p.watch.observer) {
		p.log.Warn("Observe has not returned: going on without it")
	}
}

// logged waits for the log.
func (p *Process) logged(d *term.Termination) {
	p.delivered(d, program.LogCalls(p.log))
}
