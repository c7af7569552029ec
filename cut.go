package lameduck

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// finishOrCut is the phase between the lame duck and the closers.
func (p *Process) finishOrCut(d *drain) {
	p.enter(phaseFinishing, d)
	defer time.AfterFunc(time.Until(d.warnAt(time.Now())), func() { p.warn(d) }).Stop()
	defer p.shutServers()
	p.finish(d)
}

// warn writes to the log, once, what will be cut.
func (p *Process) warn(d *drain) {
	s := p.statusIn(phaseFinishing, d, nil)
	if len(s.InFlight) == 0 || p.watch.warned.Swap(true) {
		return
	}
	p.log.Warn("still in flight, and the cut is near", "after", round(time.Since(d.t0)),
		"cut_in", max(0, round(time.Until(d.cutAt()))), "in_flight", len(s.InFlight), "work", fitting(s.outline(time.Now()), maxText))
}

// cutOff ends what is in flight: its context, and a moment later its
// connection. The moment lets a handler that minds its context answer.
func (p *Process) cutOff(d *drain) {
	p.warn(d)
	p.addCut(d)
	go p.wakeSilent()
	p.cut(errors.Join(ErrCut, errors.New("the grace period is over")))
	p.waitFor(d.clocks.flush())
	p.addCut(d) // a request may have come after the cut
	p.closeAll(max(d.clocks.flush(), leastWait))
}

// addCut adds all that is in flight to what was cut, the oldest first.
func (p *Process) addCut(d *drain) {
	if p.cuts == nil {
		p.cuts = newCutReport(d)
	}
	before := len(p.cuts.work)
	all := p.inFlight(p.conns.list())
	slices.SortStableFunc(all, func(a, b piece) int { return a.begun(d.t0).Compare(b.begun(d.t0)) })
	for _, x := range all {
		p.cuts.add(x)
	}
	p.watch.cut.Store(int64(len(p.cuts.work)))
	if before == 0 && len(p.cuts.work) > 0 {
		p.enter(phaseCut, d)
	}
}

// wakeSilent has the silent connections close, unpaced: there is no more
// time.
func (p *Process) wakeSilent() {
	for _, c := range p.conns.list() {
		c.wakeAside()
	}
}

// waitFor gives what minds its context the time to end.
func (p *Process) waitFor(wait time.Duration) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for p.conns.count() != (connCount{}) || slices.ContainsFunc(p.tasks(), (*task).running) {
		select {
		case <-p.conns.ended:
		case <-deadline.C:
			return
		}
	}
}

// closeAll closes every connection and server, all at once: one that is to say a
// last word keeps no other waiting. It does not wait for longer
// than limit: neither the Close of a listener whose Accept does not return is
// bound to, nor that of a connection that is more than a socket, nor the Stop
// of a gRPC server that is being stopped gracefully (grpc/grpc-go#9393).
func (p *Process) closeAll(limit time.Duration) {
	within(limit, func() {
		var ending sync.WaitGroup
		for _, c := range p.conns.list() {
			if c.beginClose() { // before a server, which would close them one by one
				ending.Go(func() { protect(c.endClose) })
			}
		}
		for _, s := range p.servers {
			ending.Go(func() { protect(func() error { s.end(); return nil }) })
		}
		ending.Wait()
	})
}
