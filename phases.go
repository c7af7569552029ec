package lameduck

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// lameDuck waits until the lame duck is over, and for the stop signal if a
// preStop hook began it.
func (p *Process) lameDuck(d *drain) {
	for _, c := range p.conns.list() {
		c.lameDuck(d)
	}
	for wait := time.Until(d.lameDuckEnd()); wait > 0; wait = time.Until(d.lameDuckEnd()) {
		if !sleep(wait, d.hurry, d.cut) {
			break
		}
	}
	d.over.set()
	sleep(hookGap, d.stop)
}

// sleep waits for wait, or until one of the latches is set: then it returns
// false.
func sleep(wait time.Duration, until ...latch) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	first, second := until[0], until[len(until)-1]
	select {
	case <-timer.C:
		return true
	case <-first.done:
	case <-second.done:
	}
	return false
}

// shutListeners closes every listener once its accept queue is empty.
func (p *Process) shutListeners(d *drain) {
	for _, s := range p.servers {
		for _, l := range s.wrapped {
			l.shut()
		}
	}
	shut := newLatch()
	go func() {
		p.serving.Wait()
		shut.set()
	}()
	sleep(time.Until(d.cutAt()), shut, d.cut)
}

// finish waits until nothing is in flight. Silent connections are closed;
// at the cut whatever is left is ended, and named in the error.
func (p *Process) finish(d *drain) error {
	for _, c := range p.conns.list() {
		c.hurry()
	}
	worked := newLatch()
	go func() {
		p.working.Wait()
		worked.set()
		p.conns.poke()
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		open := p.conns.list()
		if len(open) == 0 && worked.isSet() {
			return nil
		}
		if d.cut.isSet() || !time.Now().Before(d.cutAt()) {
			return p.cutOff(d, open)
		}
		timer.Reset(min(p.closeSilent(d, open), time.Until(d.cutAt())))
		select {
		case <-p.conns.changed:
		case <-timer.C:
		case <-d.cut.done:
		}
	}
}

// closeSilent wakes the connections on which nothing has come for the
// linger, so that they close, and returns when to look again. The one that
// is silent for longest goes first. Many closes at once would make races of
// their own: they are paced at one a millisecond, faster only if half of the
// time left would not suffice.
func (p *Process) closeSilent(d *drain, open []*conn) time.Duration {
	type silent struct {
		*conn
		since time.Time
	}
	var due []silent
	again := time.Hour
	for _, c := range open {
		if !c.closable() {
			continue
		}
		since := c.quietSince(d.t0)
		if left := time.Until(since.Add(d.linger())); left > 0 {
			again = min(again, left)
			continue
		}
		due = append(due, silent{c, since})
	}
	slices.SortFunc(due, func(a, b silent) int { return cmp.Compare(a.since.UnixNano(), b.since.UnixNano()) })
	milliseconds := max(1, int(time.Until(d.cutAt()).Milliseconds()/2))
	batch := 1 + len(due)/milliseconds
	for i, c := range due {
		c.wake()
		if (i+1)%batch == 0 && !sleep(time.Millisecond, d.cut) {
			break
		}
	}
	if len(due) > 0 {
		// A wake can be lost to a deadline that net/http sets in the same
		// moment; whoever is still here is woken once more.
		again = min(again, 50*time.Millisecond)
	}
	return again
}

// cutOff ends what is in flight: its context, and a moment later its
// connection. The moment lets a handler that minds its context answer.
func (p *Process) cutOff(d *drain, open []*conn) error {
	var errs []error
	for _, c := range open {
		if what := c.inFlight(); what != "" {
			errs = append(errs, fmt.Errorf("%w %v after T0: %s", ErrCut, round(time.Since(d.t0)), what))
		}
	}
	for _, t := range p.workers {
		if t.running() {
			errs = append(errs, fmt.Errorf("%w %v after T0: %v", ErrCut, round(time.Since(d.t0)), t))
		}
	}
	p.cut(errors.Join(ErrCut, errors.New("the grace period is over")))
	p.waitFor(d.clocks.flush())
	for _, c := range p.conns.list() {
		c.Close()
	}
	for _, s := range p.servers {
		s.http.Close()
	}
	return errors.Join(errs...)
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

// runClosers runs the closers in reverse order.
func (p *Process) runClosers(d *drain) error {
	deadline := d.t0.Add(d.clocks.grace - d.clocks.flush())
	if d.cut.isSet() {
		deadline = earlier(deadline, time.Now().Add(d.clocks.reserve))
	}
	var errs []error
	for i, t := range slices.Backward(p.closers) {
		share := max(0, time.Until(deadline)) / time.Duration(i+1)
		errs = append(errs, t.runWithin(share))
	}
	return errors.Join(errs...)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
