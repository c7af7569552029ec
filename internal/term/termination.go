// Package term is one termination of a process: its clocks, the moments that follow
// from them, how far it has come, and when each connection is asked to leave.
package term

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/short"
)

// A Termination is one termination, from T0 on. Any goroutine may begin it; only
// that of Process.run moves it through its phases.
type Termination struct {
	T0     time.Time
	By     string // what began it: SIGTERM, preStop, ...
	Clocks Clocks

	Stop  Latch // an order to stop has come, not only a preStop call
	Hurry Latch // skip Delay and Quiet
	Cut   Latch // end now
	Over  Latch // the lame duck is over

	LateConns atomic.Int64
	LateReqs  atomic.Int64
	LastConn  atomic.Int64 // when the last late connection came, in nanoseconds after T0; -1: none has
	LastReq   atomic.Int64 // the same of requests
}

// New is a termination that begins now, by order of the signal or caller named by.
func New(by string, c Clocks) *Termination {
	by, _, _ = strings.Cut(by, "\n") // without the stack of a panic, which the error of Run has
	d := &Termination{T0: time.Now(), By: short.Name(by), Clocks: c, Stop: NewLatch(), Hurry: NewLatch(), Cut: NewLatch(), Over: NewLatch()}
	d.LastConn.Store(-1)
	d.LastReq.Store(-1)
	return d
}

// LeaveAt is when a connection is asked to leave; share is its place in
// Spread, from 0 to 1.
func (d *Termination) LeaveAt(share float32) time.Time { return d.LeaveAfter(d.T0, share) }

// LeaveAfter is the same for a connection whose Spread begins at t instead of T0.
func (d *Termination) LeaveAfter(t time.Time, share float32) time.Time {
	return t.Add(time.Duration(float64(share) * float64(d.Clocks.Spread)))
}

// LameDuckEnd is when the lame duck ends, if no other late connection comes.
func (d *Termination) LameDuckEnd() time.Time {
	return d.T0.Add(d.Clocks.End(time.Duration(d.LastConn.Load())))
}

// CutAt is when what is still in flight is cut.
func (d *Termination) CutAt() time.Time { return d.T0.Add(d.Clocks.cut()) }

// Linger is for how long nothing must have come on a connection before it is closed. It
// leaves a client that has just read an answer the time to send its next request: the
// answer to that asks the client to leave.
func (d *Termination) Linger() time.Duration {
	if d.Hurry.IsSet() {
		return shortLinger
	}
	return max(d.Clocks.Quiet, shortLinger)
}

const shortLinger = 50 * time.Millisecond

// LateConn counts a late connection. undo takes that back, if the connection turns out
// to carry a probe.
func (d *Termination) LateConn() (undo func()) {
	now := int64(time.Since(d.T0))
	d.LateConns.Add(1)
	before := d.LastConn.Swap(now)
	return func() {
		d.LateConns.Add(-1)
		d.LastConn.CompareAndSwap(now, before)
	}
}

// LateReq counts a late request, as LateConn does a connection.
func (d *Termination) LateReq() (undo func()) {
	now := int64(time.Since(d.T0))
	d.LateReqs.Add(1)
	before := d.LastReq.Swap(now)
	return func() {
		d.LateReqs.Add(-1)
		d.LastReq.CompareAndSwap(now, before)
	}
}

// WarnAt is when the log names what will be cut: a second before the cut, or a
// tenth of what is left.
func (d *Termination) WarnAt(now time.Time) time.Time {
	return d.CutAt().Add(-max(time.Second, d.CutAt().Sub(now)/10))
}
