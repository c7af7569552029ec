package link

import (
	"time"
)

// For each request net/http sets the deadlines of its connection to none five times, and
// mostly none is set. Each call costs as much as all that this package does for a request,
// so calls that would change nothing are not passed on.

// SetReadDeadline is called by net/http between two requests, which shows what it is about
// to do (see countDeadline), and by handlers within a request.
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

// SetWriteDeadline is called by net/http after each request, and by handlers.
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

// SetDeadline is called by code that has taken the connection over.
func (c *Conn) SetDeadline(t time.Time) error {
	c.keepReadDeadline(t)
	c.writeDeadline.Store(limitSet)
	return c.Conn.SetDeadline(t)
}
