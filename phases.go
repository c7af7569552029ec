package lameduck

import (
	"runtime"
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
	p.departAll()
	p.finishServers()
	timer := time.NewTimer(0)
	defer timer.Stop()
	q := closeQueue{d: d}
	q.add(p.conns.list())
	var looked time.Time // when those that went idle were looked at
	for !p.finished() {
		if d.cut.isSet() || !time.Now().Before(d.cutAt()) {
			p.cutOff(d)
			return
		}
		wait, idle := min(q.close(), time.Until(d.cutAt()), lostWithin), p.conns.idle
		if rest := looksApart - time.Since(looked); rest > 0 {
			wait, idle = min(wait, rest), nil
		}
		timer.Reset(wait)
		select {
		case <-idle:
			looked = time.Now()
			q.add(p.conns.takeIdle())
		case <-p.conns.ended:
		case <-timer.C:
		case <-d.cut.done:
		}
	}
}

// lostWithin is how often the closing phase looks whether the program has lost a
// connection: the garbage collector must not tell it.
const lostWithin = time.Second

// finished reports whether nothing is in flight any more.
func (p *Process) finished() bool {
	n := p.conns.count()
	if n.open == 0 {
		p.shutServers()
	}
	if n.open+n.apart > 0 || !p.working.isSet() {
		return false
	}
	if n.taken > 0 {
		p.watch.collect.Do(func() { go runtime.GC() }) // some may be lost since the last time
	}
	return n.taken == 0
}

// departAll tells all that are long-lived, and have not been told, to leave.
func (p *Process) departAll() {
	p.conns.releaseWaiting()
	for _, c := range p.conns.list() {
		c.depart()
	}
	for _, m := range p.members.list() {
		m.depart()
	}
}

// finishServers begins to wait for the handlers of the servers that tell.
func (p *Process) finishServers() {
	for _, s := range p.servers {
		if s.finish != nil {
			go func() {
				defer p.worked()
				if err := s.finish.run(p.hard); err != nil {
					logPanic(p.log, "GracefulStop of a gRPC server failed", err)
				}
			}()
		}
	}
}

// worked is called at the end of each task.
func (p *Process) worked() {
	p.working.end()
	p.conns.signalEnd()
}
