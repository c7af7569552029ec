package traffic

import (
	"errors"
	"time"
)

// errAnswered says that the server answered, or closed, before the request
// was complete.
var errAnswered = errors.New("the server did not wait for the whole request")

// pieces is into how many a slow request is cut; the last leaves after
// cfg.trickle.
const pieces = 20

// sendSlowly writes a request piece by piece. Before each it looks whether
// the server has had enough: writing to a closed connection would draw a
// reset that can destroy an answer.
func (n *lane) sendSlowly(c *conn, request []byte) error {
	if err := c.SetDeadline(time.Now().Add(n.cfg.trickle + n.cfg.Timeout)); err != nil {
		return err
	}
	begin := time.Now()
	for i, sent := 0, 0; sent < len(request); i++ {
		if i > 0 && !n.pause(time.Until(begin.Add(n.cfg.trickle*time.Duration(i)/(pieces-1)))) {
			return n.ctx.Err()
		}
		if !c.look() {
			return errAnswered
		}
		if n.onItsWay(c) && time.Since(begin) < n.cfg.trickle+n.cfg.Timeout {
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

// onItsWay reports whether the server's kernel has yet to confirm what was
// sent. A piece sent then could become the beginning of the request at a
// server whose accept queue overflows: under SYN cookies Linux drops what
// comes while the queue is full, and takes a segment up to 3 bytes later for
// the first one. Nagle's algorithm is no help, a tail loss probe sends anyway.
func (n *lane) onItsWay(c *conn) bool { return n.cfg.unconfirmed(c.Conn) > 0 }

// pause waits; false if the caller gave up.
func (n *lane) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-n.ctx.Done():
		return false
	}
}
