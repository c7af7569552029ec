package link

import (
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
