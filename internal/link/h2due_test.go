package link

import (
	"testing"
	"time"
)

// A connection that was not asked to leave is not closed, however silent: its
// client may have a stream on the wire, as one that was stopped for a moment
// has. One that was asked is given the time to confirm.
func TestHTTP2IsNotClosedUnasked(t *testing.T) {
	c, _ := socketPair(t)
	d := c.env.State.Current.Load()
	h := newH2(&c.base, c)
	c.h2.Store(h)
	if at := c.dueAt(d); !at.After(time.Now()) {
		t.Error("closed before it was asked to leave")
	}
	h.leave()
	h.want(firstGoAway)
	if at := c.dueAt(d); at.Before(c.time(c.born).Add(ConfirmWithin)) {
		t.Errorf("closed %v after it was asked", at.Sub(c.time(c.born)))
	}
	h.wire.FirstGoAway()
	h.wire.Received([]byte("\x00\x00\x08\x06\x01\x00\x00\x00\x00lameduck"), 0)
	if at := c.dueAt(d); at.After(time.Now()) {
		t.Error("not closed when it has confirmed")
	}
}
