package lameduck

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// finishOrCut is the phase between the lame duck and the closers.
func (p *Process) finishOrCut(d *drain) error {
	p.enter(phaseFinishing, d)
	defer time.AfterFunc(time.Until(d.warnAt(time.Now())), func() { p.warn(d) }).Stop()
	defer p.shutServers(nil)
	return p.finish(d)
}

// warnAt is when, before the cut, what is in flight is told: a second before,
// or a tenth of what is left.
func (d *drain) warnAt(now time.Time) time.Time {
	return d.cutAt().Add(-max(time.Second, d.cutAt().Sub(now)/10))
}

// warn writes to the log, once, what will be cut.
func (p *Process) warn(d *drain) {
	s := p.statusIn(phaseFinishing, d, nil)
	if len(s.InFlight) == 0 || p.watch.warned.Swap(true) {
		return
	}
	p.log.Warn("still in flight, and the cut is near", "after", round(time.Since(d.t0)),
		"cut_in", max(0, round(time.Until(d.cutAt()))), "in_flight", len(s.InFlight), "work", s.outline(time.Now()))
}

// cutOff ends what is in flight: its context, and a moment later its
// connection. The moment lets a handler that minds its context answer.
func (p *Process) cutOff(d *drain) error {
	p.warn(d)
	c := &casualties{process: p, drain: d, named: map[any]bool{}}
	p.name(c)
	go p.wakeSilent()
	p.cut(errors.Join(ErrCut, errors.New("the grace period is over")))
	p.waitFor(d.clocks.flush())
	p.name(c) // a request may have come after the cut
	p.closeAll(max(d.clocks.flush(), 10*time.Millisecond))
	return errors.Join(c.errs...)
}

// casualties are what was cut, each named once.
type casualties struct {
	process *Process
	drain   *drain
	named   map[any]bool // by who they are; of requests also by their connection
	streams bool         // some of grpc-go's were named
	errs    []error
	stacks  *stacks // taken when the first one is asked for
}

func (c *casualties) add(x piece) {
	if c.named[x.who] || c.isPartOf(x) {
		return
	}
	c.named[x.who] = true
	c.streams = c.streams || x.Kind == kindStream
	if x.Kind == kindRequest {
		c.named[x.on] = true
	}
	c.process.watch.cut.Add(1)
	now := time.Now()
	err := fmt.Errorf("%w %v after T0: %s", ErrCut, round(now.Sub(c.drain.t0)), x.line(c.drain.t0, now))
	if t, ok := x.who.(*task); ok && t.kind != kindGRPC {
		err = traced{err, t.stack(c.takeStacks())}
	}
	c.errs = append(c.errs, err)
}

// isPartOf reports whether x is what is left of something that was named: the
// answer of an HTTP/2 request, the server of a gRPC stream.
func (c *casualties) isPartOf(x piece) bool {
	switch x.Kind {
	case kindStream:
		return c.named[x.on]
	case kindGRPC:
		return c.streams
	}
	return false
}

func (c *casualties) takeStacks() stacks {
	if c.stacks == nil {
		c.stacks = new(takeStacks())
	}
	return *c.stacks
}

// name adds all that is in flight.
func (p *Process) name(to *casualties) {
	before := len(to.errs)
	for _, x := range p.inFlight(p.conns.list()) {
		to.add(x)
	}
	if before == 0 && len(to.errs) > 0 {
		p.enter(phaseCut, to.drain)
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
	for len(p.conns.list()) > 0 || slices.ContainsFunc(p.tasks(), (*task).running) {
		select {
		case <-p.conns.changed:
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
