package lameduck

import (
	"slices"
	"time"
)

// lameDuck waits until the lame duck is over, and for the stop signal if a
// preStop hook began it.
func (p *Process) lameDuck(d *drain) {
	if p.FailReadiness {
		p.failHealth()
	}
	p.conns.releaseWaiting()
	for _, c := range p.conns.list() {
		c.lameDuck(d)
	}
	for _, m := range p.members.list() {
		m.lameDuck(d)
	}
	for wait := time.Until(d.lameDuckEnd()); wait > 0; wait = time.Until(d.lameDuckEnd()) {
		if !sleep(wait, d.hurry, d.cut) {
			break
		}
	}
	d.over.set()
	// A signal that comes later shares the grace period (newDrain).
	sleep(min(hookGap, time.Until(d.cutAt())), d.stop)
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
			go l.shut()
		}
	}
	if sleep(min(acceptWait, time.Until(d.cutAt())), p.serving.latch, d.cut) {
		p.closeListeners(0) // one that minds no deadline
	}
}

// acceptWait is how long a listener may take to empty its accept queue. It is
// longer than http.Server.Serve waits after an error of Accept.
const acceptWait = 2 * time.Second

// finish waits until nothing is in flight. Silent connections are closed;
// at the cut whatever is left is ended, and added to what was cut.
func (p *Process) finish(d *drain) {
	p.conns.releaseWaiting()
	for _, c := range p.conns.list() {
		c.depart()
	}
	for _, m := range p.members.list() {
		m.depart()
	}
	p.finishServers()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		open := p.conns.list()
		p.shutServers(open)
		if len(open) == 0 && p.working.isSet() {
			return
		}
		if d.cut.isSet() || !time.Now().Before(d.cutAt()) {
			p.cutOff(d)
			return
		}
		timer.Reset(min(p.closeSilent(d, open), time.Until(d.cutAt())))
		select {
		case <-p.conns.changed:
		case <-timer.C:
		case <-d.cut.done:
		}
	}
}

// finishServers begins to wait for the handlers of the servers that tell.
func (p *Process) finishServers() {
	for _, s := range p.servers {
		if s.finish != nil {
			go func() {
				defer p.worked()
				if err := s.finish.run(p.hard); err != nil {
					p.logPanic("GracefulStop of a gRPC server failed", err)
				}
			}()
		}
	}
}

// worked is called at the end of each task.
func (p *Process) worked() {
	p.working.end()
	p.conns.poke()
}

// closeSilent wakes the connections on which nothing has come for the
// linger, so that they close, and returns when to look again. The one that
// is silent for longest goes first. Many closes at once would make races of
// their own: they are paced at one a millisecond, faster only if half of the
// time left would not suffice.
func (p *Process) closeSilent(d *drain, open []*conn) time.Duration {
	type silent struct {
		*conn
		at time.Time
	}
	var due []silent
	again := time.Hour
	for _, c := range open {
		if !c.closable() {
			continue
		}
		at := c.dueAt(d)
		if left := time.Until(at); left > 0 {
			again = min(again, left)
			continue
		}
		due = append(due, silent{c, at})
	}
	slices.SortFunc(due, func(a, b silent) int { return a.at.Compare(b.at) })
	start := time.Now()
	pace := min(time.Millisecond, d.cutAt().Sub(start)/time.Duration(2*max(1, len(due))))
	for i, c := range due {
		c.wakeAside()
		if i == len(due)-1 {
			break
		}
		// Measured from the start, for a throttled container sleeps long.
		ahead := time.Until(start.Add(time.Duration(i+1) * pace))
		if ahead > 0 && !sleep(ahead, d.cut) || !time.Now().Before(d.cutAt()) {
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
