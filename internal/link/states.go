package link

import "net/http"

// connState follows net/http's view of a connection. On the way of a request it
// costs one atomic store, when the connection goes idle.
func (c *Conn) connState(s http.ConnState) {
	switch s {
	case http.StateIdle:
		if c.h2.Load() == nil { // else the frames show more
			c.wentIdle()
		}
	case http.StateHijacked:
		c.wentAway()
	case http.StateClosed:
		c.wasClosed()
	}
}

func (c *Conn) wentIdle() {
	c.deadlinesSet = 0
	c.requestBegun = false
	c.unlimited = false // a handler may have set one
	c.noteActivity()
	if c.careful {
		c.doing.Store(unknown) // it is left open until the cut
	} else {
		c.doing.Store(nil)
	}
	if c.state.Closing.Load() { // after the store: the closing phase has seen it, or is notified
		c.announce()
	}
}

func (c *Conn) wentAway() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.noteHijacked(c.doing.Load())
	c.answered = true // what is written from now on answers no request
	c.doing.Store(hijacked)
	c.env.Set.take(c, c.hooksUnset && !c.held, c.Leave)
	c.forget()
}

// wasClosed is called when net/http has closed the connection. It has ended
// an HTTP/1 handler by then, but not those of HTTP/2.
func (c *Conn) wasClosed() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.closed.Store(true)
	c.doing.Store(nil)
	c.forget()
}
