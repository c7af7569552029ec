package link

import (
	"time"
)

// For each request net/http sets the deadlines of its connection five times to
// none, where for the most part there is none: each costs as much as all that
// this package does for a request. Calls that would change nothing stop here.

// SetReadDeadline is net/http's, which shows by it what it is about to do between two
// requests; within one it may be a handler's.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.keepReadDeadline(t)
	if c.doing.Load() != nil || c.h2.Load() != nil {
		return c.Conn.SetReadDeadline(t)
	}
	if !c.requestBegun {
		c.countDeadline()
	}
	if t.IsZero() && c.unlimited {
		return nil
	}
	c.unlimited = t.IsZero() && c.hooksUnset && !c.careful
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline is net/http's after each request, and a handler's.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	none := t.IsZero() && c.hooksUnset && !c.careful
	if none && c.writeDeadline.Load() == limitNone {
		return nil
	}
	if !none || !c.writeDeadline.CompareAndSwap(limitUnknown, limitNone) {
		c.writeDeadline.Store(limitSet)
	}
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline is for code that has taken the connection over.
func (c *Conn) SetDeadline(t time.Time) error {
	c.keepReadDeadline(t)
	c.writeDeadline.Store(limitSet)
	return c.Conn.SetDeadline(t)
}
