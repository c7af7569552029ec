package link

import "net/http"

// connState is http.Server.ConnState. For each request it costs one atomic store, when
// the connection goes idle.
func (c *Conn) connState(s http.ConnState) {
	switch s {
	case http.StateIdle:
		if c.h2.Load() == nil { // else the frames show exactly when it is idle
			c.wentIdle()
		}
	case http.StateHijacked:
		c.wentAway()
	case http.StateClosed:
		c.wasClosed()
	}
}

// wentIdle is called when an answer is written and net/http waits for the next request.
func (c *Conn) wentIdle() {
	c.deadlinesSet = 0
	c.requestBegun = false
	c.unlimited = c.unlimited && c.limits.Load()&(readSet|readUnsure) == 0 // a handler may have set one
	c.noteActivity()
	if c.careful {
		c.doing.Store(unknown) // it is left open until the cut
	} else {
		c.doing.Store(nil)
	}
	if c.state.Finishing.Load() { // after the store: the finishing phase has seen that, or is notified here
		c.announce()
	}
}

// wentAway is called when a handler hijacks the connection.
func (c *Conn) wentAway() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.noteHijacked(c.doing.Load())
	c.answered = true // what is written from now on answers no request
	c.doing.Store(hijacked)
	c.env.Set.take(c, c.hooksUnset && !c.held, c.Leave)
	c.forget()
}

// wasClosed is called when net/http has closed the connection. A handler of HTTP/1 has
// returned by then, but those of HTTP/2 may still be at work.
func (c *Conn) wasClosed() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.closed.Store(true)
	c.doing.Store(nil)
	c.forget()
}
