package link

import (
	"cmp"
	"time"
)

// For each request net/http sets the deadlines of its connection five times to
// none, where for the most part there is none: each costs as much as all that
// this package does for a request. Here those that would change nothing end.

// SetReadDeadline is net/http's, which tells between two requests what it is
// about to do; within one it may be a handler's.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.keepReadDeadline(t)
	if c.doing.Load() != nil || c.h2.Load() != nil {
		return c.Conn.SetReadDeadline(t)
	}
	if !c.begun {
		c.armed()
	}
	if t.IsZero() && c.unlimited {
		return nil
	}
	c.unlimited = t.IsZero() && c.alone
	return c.Conn.SetReadDeadline(t)
}

// keepReadDeadline keeps t, which is about to be set, for the end of a wake.
func (c *Conn) keepReadDeadline(t time.Time) {
	var at time.Duration
	if !t.IsZero() {
		at = cmp.Or(t.Sub(c.born), 1)
	}
	if c.readBy.Load() != int64(at) { // for the most part there is none, and a load costs less
		c.readBy.Store(int64(at))
	}
}

// restoreReadDeadline sets the one that a wake has replaced. Another may be set in
// the same moment, and must win.
func (c *Conn) restoreReadDeadline() {
	for {
		at := c.readBy.Load()
		var t time.Time
		if at != 0 {
			t = c.born.Add(time.Duration(at))
		}
		c.Conn.SetReadDeadline(t)
		if c.readBy.Load() == at {
			return
		}
	}
}

// armed sees that net/http's buffer holds the begin of a request where that is
// whole lines: one deadline is set to wait for a request, and a second to read
// it. If no Read came between, what it reads is in its buffer.
func (c *Conn) armed() {
	if c.arms++; c.arms == 2 {
		c.heard()
	}
}

// What is known of the write deadline of a connection. Its listener may have set
// one, so the first time that net/http sets it to none is passed on.
const (
	limitUnknown = iota
	limitNone
	limitSet // at some time
)

// SetWriteDeadline is net/http's after each request, and a handler's.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	none := t.IsZero() && c.alone
	if none && c.limit.Load() == limitNone {
		return nil
	}
	if !none || !c.limit.CompareAndSwap(limitUnknown, limitNone) {
		c.limit.Store(limitSet)
	}
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline is for who has taken the connection over.
func (c *Conn) SetDeadline(t time.Time) error {
	c.keepReadDeadline(t)
	c.limit.Store(limitSet)
	return c.Conn.SetDeadline(t)
}
