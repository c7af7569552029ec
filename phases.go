package lameduck

import (
	"runtime"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// hookGap is how long the process waits for the stop signal when a lame duck is over that
// a preStop call has begun. The kubelet sends the signal at once.
const hookGap = 5 * time.Second

// lameDuck waits until the lame duck is over, and then, if a preStop call has begun it,
// for the stop signal.
func (p *Process) lameDuck(d *term.Termination) {
	if p.FailReadiness {
		p.failHealth()
	}
	p.conns.ReleaseWaiting()
	for c := range p.conns.All() {
		c.LameDuck(d)
	}
	for _, m := range p.members.List() {
		m.LameDuck(d)
	}
	for wait := time.Until(d.LameDuckEnd()); wait > 0; wait = time.Until(d.LameDuckEnd()) {
		if !sleep(wait, d.Hurry, d.Cut) {
			break
		}
	}
	d.Over.Set()
	// A stop signal that comes after this wait shares the grace period: see newTermination.
	sleep(min(hookGap, time.Until(d.CutAt())), d.Stop)
}

// sleep waits for wait, or until one of the latches is set: then it returns
// false.
func sleep(wait time.Duration, until ...term.Latch) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	first, second := until[0], until[len(until)-1]
	select {
	case <-timer.C:
		return true
	case <-first.Done:
	case <-second.Done:
	}
	return false
}

// shutListeners closes every listener once its accept queue is empty.
func (p *Process) shutListeners(d *term.Termination) {
	for _, s := range p.servers {
		for _, l := range s.wrapped {
			go l.Shut()
		}
	}
	if sleep(min(acceptWait, time.Until(d.CutAt())), p.serving.Latch, d.Cut) {
		p.closeListeners(0) // Accept of one may ignore the deadline
	}
}

// finishOrCut is the phase between the lame duck and the closers.
func (p *Process) finishOrCut(d *term.Termination) {
	p.enter(PhaseFinishing, d)
	defer time.AfterFunc(time.Until(d.WarnAt(time.Now())), func() { p.warn(d) }).Stop()
	defer p.shutServers()
	p.finish(d)
}

// finish waits until nothing is in flight, and closes idle connections meanwhile. At
// the cut it ends what is left, and adds that to what was cut.
func (p *Process) finish(d *term.Termination) {
	p.askAllToLeave()
	p.finishServers()
	timer := time.NewTimer(0)
	defer timer.Stop()
	q := link.NewCloseQueue(d)
	q.Add(p.conns.List())
	var looked time.Time // when the connections that went idle were examined last
	for !p.finished() {
		if d.Cut.IsSet() || !time.Now().Before(d.CutAt()) {
			p.cutOff(d)
			return
		}
		wait, idle := min(q.Close(), time.Until(d.CutAt()), lostWithin), p.conns.Idle
		if rest := link.LooksApart - time.Since(looked); rest > 0 {
			wait, idle = min(wait, rest), nil
		}
		timer.Reset(wait)
		select {
		case <-idle:
			looked = time.Now()
			q.Add(p.conns.TakeIdle())
		case <-p.conns.Ended:
		case <-timer.C:
		case <-d.Cut.Done:
		}
	}
}

// lostWithin is how often the finishing phase looks whether the program has lost a
// connection, which is not waited for then. The garbage collector notices that, but may
// not send on a channel (see link.Set).
const lostWithin = time.Second

// finished reports whether nothing is in flight any more.
func (p *Process) finished() bool {
	n := p.conns.Count()
	if n.Open == 0 {
		p.shutServers()
	}
	if n.Open+n.Apart > 0 || !p.working.IsSet() {
		return false
	}
	if n.Taken > 0 {
		p.watch.collect.Do(func() { go runtime.GC() }) // the program may have lost some since the last run of the collector
	}
	return n.Taken == 0
}

// askAllToLeave asks those connections and members to leave that were not asked before.
func (p *Process) askAllToLeave() {
	p.conns.ReleaseWaiting()
	for c := range p.conns.All() {
		c.AskToLeave()
	}
	for _, m := range p.members.List() {
		m.AskToLeave()
	}
}

// finishServers starts GracefulStop of each gRPC server, which returns when its handlers
// have: the frames of a connection do not show when a handler returns.
func (p *Process) finishServers() {
	for _, s := range p.servers {
		if s.finish != nil {
			go func() {
				defer p.worked()
				if err := s.finish.Run(p.hard); err != nil {
					program.LogPanic(p.log, "GracefulStop of a gRPC server failed", err)
				}
			}()
		}
	}
}
