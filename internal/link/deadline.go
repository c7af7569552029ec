package link

import "time"

// For each request net/http sets the deadlines of its connection six times, five times to
// none, and mostly none is set. Each call costs as much as all that this package does for
// a request, so calls that would change nothing are not passed on: four of the six, if the
// program has no hooks that could set deadlines too.

// SetReadDeadline is called by net/http between two requests, which shows what it is about
// to do (see countDeadline), and by net/http and handlers within a request.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.h2.Load() != nil {
		c.keepReadDeadline(t)
		return c.Conn.SetReadDeadline(t)
	}
	if c.doing.Load() != nil {
		return c.setWithinRequest(t)
	}
	if !c.requestBegun {
		c.countDeadline()
	}
	if t.IsZero() && c.unlimited {
		return nil
	}
	c.keepReadDeadline(t)
	c.unlimited = t.IsZero() && c.hooksUnset && !c.careful
	return c.Conn.SetReadDeadline(t)
}

// setWithinRequest is SetReadDeadline while a handler is at work, for net/http and for the
// handler, which may call it in any goroutine. All is passed on. net/http ends its
// background read by a past deadline, and then sets none: after such a pair the deadline
// is none for certain, unless another call came between.
//
// The past deadline of net/http, the first second of 1970, is kept only after T0: before, no
// connection with a handler at work has its deadline replaced by an interrupt.
func (c *Conn) setWithinRequest(t time.Time) error {
	before := c.limits.Load()
	none, isSet := t.IsZero(), before&readSet != 0
	if none || t.Unix() > 1 || c.state.Current.Load() != nil {
		c.keepReadDeadline(t)
	}
	if isSet && !none {
		c.limits.note(readUnsure)
	}
	err := c.Conn.SetReadDeadline(t)
	if isSet == none && !c.limits.CompareAndSwap(before, before+readSet) {
		c.limits.note(readUnsure)
	}
	return err
}

// SetWriteDeadline is called by net/http after each request, and by handlers.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	switch {
	case !t.IsZero() || !c.hooksUnset || c.careful:
		c.limits.note(writeSet)
	case c.limits.Load()&(writeNone|writeSet) == writeNone:
		return nil
	default:
		c.limits.note(writeNone)
	}
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline is called by code that has taken the connection over.
func (c *Conn) SetDeadline(t time.Time) error {
	c.keepReadDeadline(t)
	c.limits.note(writeSet)
	return c.Conn.SetDeadline(t)
}
