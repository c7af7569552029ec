package traffic

import (
	"errors"
	"time"
)

// errAnswered means that the server responded, or closed, before the request
// was complete.
var errAnswered = errors.New("the server did not wait for the whole request")

// pieces is into how many a slow request is cut; the last leaves after
// cfg.trickle.
const pieces = 20

// sendSlowly writes a request piece by piece. Before each it peeks whether the
// server has responded or closed: writing to a closed connection would cause a
// reset that can destroy a response.
func (n *patternRun) sendSlowly(c *conn, request []byte) error {
	if err := c.SetDeadline(time.Now().Add(n.cfg.trickle + n.cfg.Timeout)); err != nil {
		return err
	}
	begin := time.Now()
	for i, sent := 0, 0; sent < len(request); i++ {
		if i > 0 && !n.pause(time.Until(begin.Add(n.cfg.trickle*time.Duration(i)/(pieces-1)))) {
			return n.ctx.Err()
		}
		if !c.peek() {
			return errAnswered
		}
		if n.hasUnacked(c) && time.Since(begin) < n.cfg.trickle+n.cfg.Timeout {
			continue
		}
		end := len(request) * min(i+1, pieces) / pieces
		if _, err := c.Write(request[sent:end]); err != nil {
			return err
		}
		sent = end
	}
	return c.SetDeadline(time.Now().Add(n.cfg.Timeout))
}

// hasUnacked reports whether the server's kernel has yet to acknowledge what
// was sent. A piece sent then could become the start of the request at a server
// with an overflowing accept queue: under SYN cookies Linux drops what arrives
// while the queue is full, and takes a segment up to 3 bytes later for the
// first one. Nagle's algorithm is no help, a tail loss probe sends anyway.
func (n *patternRun) hasUnacked(c *conn) bool { return n.cfg.unacked(c.Conn) > 0 }

// pause waits; false if the load was cancelled.
func (n *patternRun) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-n.ctx.Done():
		return false
	}
}
