package lameduck

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// cutOff ends what is in flight: its context, and a moment later its
// connection. The moment lets a handler that minds its context answer.
func (p *Process) cutOff(d *drain) error {
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
	named   map[any]bool
	errs    []error
}

func (c *casualties) add(x piece) {
	if c.named[x.who] {
		return
	}
	c.named[x.who] = true
	c.process.watch.cut.Add(1)
	text := fmt.Sprintf("%v after T0: %s", round(time.Since(c.drain.t0)), x.what())
	if !x.Since.IsZero() {
		text += ", " + x.age(c.drain.t0, time.Now())
	}
	c.errs = append(c.errs, fmt.Errorf("%w %s", ErrCut, text))
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
		c.wake()
	}
}

// waitFor gives what minds its context the time to end.
func (p *Process) waitFor(wait time.Duration) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for len(p.conns.list()) > 0 || slices.ContainsFunc(p.workers, (*task).running) {
		select {
		case <-p.conns.changed:
		case <-deadline.C:
			return
		}
	}
}

// closeAll closes every connection and server. It does not wait for longer
// than limit: neither the Close of a listener whose Accept does not return is
// bound to, nor that of a connection that is more than a socket.
func (p *Process) closeAll(limit time.Duration) {
	closed := newLatch()
	go func() {
		defer closed.set()
		for _, c := range p.conns.list() {
			c.Close()
		}
		for _, s := range p.servers {
			s.http.Close()
		}
	}()
	sleep(limit, closed)
}
