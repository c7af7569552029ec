package lameduck

import (
	"strings"
	"sync/atomic"
	"time"
)

// A drain is one termination, from T0 on. Whoever begins it, only the
// goroutine in Process.run moves it through its phases.
type drain struct {
	t0     time.Time
	by     string // who began it: SIGTERM, preStop, ...
	clocks clocks

	stop  latch // a real order to stop has come, not only a preStop hook
	hurry latch // skip Delay and Quiet
	cut   latch // end now
	over  latch // the lame duck is over

	lateConns atomic.Int64
	lateReqs  atomic.Int64
	lastConn  atomic.Int64 // since T0 in nanoseconds, -1: none came
	lastReq   atomic.Int64
}

func newDrain(by string, c clocks) *drain {
	by, _, _ = strings.Cut(by, "\n") // the stack of a panic is in the error
	d := &drain{t0: time.Now(), by: shorten(by), clocks: c, stop: newLatch(), hurry: newLatch(), cut: newLatch(), over: newLatch()}
	d.lastConn.Store(-1)
	d.lastReq.Store(-1)
	return d
}

// moment is when a connection is asked to leave; share is its place in
// Spread, from 0 to 1.
func (d *drain) moment(share float32) time.Time { return d.momentAfter(d.t0, share) }

// momentAfter is the same for one that came at t.
func (d *drain) momentAfter(t time.Time, share float32) time.Time {
	return t.Add(time.Duration(float64(share) * float64(d.clocks.spread)))
}

func (d *drain) lameDuckEnd() time.Time {
	return d.t0.Add(d.clocks.end(time.Duration(d.lastConn.Load())))
}

func (d *drain) cutAt() time.Time { return d.t0.Add(d.clocks.cut()) }

// linger is for how long a connection must have been silent before it is
// closed. It leaves a client that has just read an answer the time to send
// its next request, which is then answered with a goodbye.
func (d *drain) linger() time.Duration {
	if d.hurry.isSet() {
		return shortLinger
	}
	return max(d.clocks.quiet, shortLinger)
}

const shortLinger = 50 * time.Millisecond

// lateConn counts a late connection. It returns what undoes that, for a
// connection that turns out to carry a probe.
func (d *drain) lateConn() (undo func()) {
	now := int64(time.Since(d.t0))
	d.lateConns.Add(1)
	before := d.lastConn.Swap(now)
	return func() {
		d.lateConns.Add(-1)
		d.lastConn.CompareAndSwap(now, before)
	}
}

func (d *drain) lateReq() (undo func()) {
	now := int64(time.Since(d.t0))
	d.lateReqs.Add(1)
	before := d.lastReq.Swap(now)
	return func() {
		d.lateReqs.Add(-1)
		d.lastReq.CompareAndSwap(now, before)
	}
}

// warnAt is when, before the cut, what is in flight is told: a second before,
// or a tenth of what is left.
func (d *drain) warnAt(now time.Time) time.Time {
	return d.cutAt().Add(-max(time.Second, d.cutAt().Sub(now)/10))
}
