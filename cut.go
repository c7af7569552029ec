package lameduck

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/task"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// warn writes to the log, once, what will be cut.
func (p *Process) warn(d *term.Termination) {
	s := p.statusIn(PhaseFinishing, d, nil)
	if len(s.InFlight) == 0 || p.watch.warned.Swap(true) {
		return
	}
	p.log.Warn("still in flight, and the cut is near", "after", short.Round(time.Since(d.T0)),
		"cut_in", max(0, short.Round(time.Until(d.CutAt()))), "in_flight", len(s.InFlight), "work", short.List(s.outline(time.Now()), maxText))
}

// cutOff ends what is in flight: its context, and after Clocks.Flush its connection. In
// between, a handler that watches its context can still answer.
func (p *Process) cutOff(d *term.Termination) {
	p.warn(d)
	p.addCut(d)
	go p.interruptAll()
	p.cut(errors.Join(ErrCut, errors.New("the grace period is over")))
	p.waitFor(d.Clocks.Flush())
	p.addCut(d) // a request may have come after the cut
	p.closeAll(max(d.Clocks.Flush(), leastWait(d)))
}

// addCut adds all that is in flight to what was cut, the oldest first.
func (p *Process) addCut(d *term.Termination) {
	if p.cuts == nil {
		p.cuts = newCutReport(d)
	}
	before := len(p.cuts.work)
	all := p.inFlight(p.conns.List())
	slices.SortStableFunc(all, func(a, b item) int { return a.begun(d.T0).Compare(b.begun(d.T0)) })
	for _, x := range all {
		p.cuts.add(x)
	}
	p.watch.cut.Store(int64(len(p.cuts.work)))
	if before == 0 && len(p.cuts.work) > 0 {
		p.enter(PhaseCut, d)
	}
}

// interruptAll has all idle connections close, without a pace: no time is left for one.
func (p *Process) interruptAll() {
	for c := range p.conns.All() {
		c.Interrupt()
	}
}

// waitFor gives handlers that watch their context the time to end.
func (p *Process) waitFor(wait time.Duration) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for p.conns.Count() != (link.Count{}) || slices.ContainsFunc(p.tasks(), (*task.Task).Running) {
		select {
		case <-p.conns.Ended:
		case <-deadline.C:
			return
		}
	}
}

// closeAll closes every connection and server concurrently, so that a slow close_notify
// or GOAWAY delays no other connection. It waits no longer than limit, because three of
// the calls may never return: Close of a listener whose Accept hangs, Close of a
// connection that is more than a socket, and Stop of a gRPC server while GracefulStop
// waits (grpc/grpc-go#9393).
func (p *Process) closeAll(limit time.Duration) {
	program.Within(limit, func() {
		var ending sync.WaitGroup
		for c := range p.conns.All() {
			if c.BeginClose() { // before the servers, which would close the connections one by one
				ending.Go(func() { program.Protect(c.EndClose) })
			}
		}
		for _, s := range p.servers {
			ending.Go(func() { program.Protect(func() error { s.end(); return nil }) })
		}
		ending.Wait()
	})
}
