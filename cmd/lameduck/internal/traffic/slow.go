package traffic

import (
	"errors"
	"net"
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
	oneAtATime(c.Conn)
	if err := c.SetDeadline(time.Now().Add(n.cfg.trickle + n.cfg.Timeout)); err != nil {
		return err
	}
	begin := time.Now()
	for i := range pieces {
		if i > 0 && !n.pause(time.Until(begin.Add(n.cfg.trickle*time.Duration(i)/(pieces-1)))) {
			return n.ctx.Err()
		}
		if !c.look() {
			return errAnswered
		}
		if _, err := c.Write(request[len(request)*i/pieces : len(request)*(i+1)/pieces]); err != nil {
			return err
		}
	}
	return c.SetDeadline(time.Now().Add(n.cfg.Timeout))
}

// oneAtATime has the kernel hold a piece back until the server's kernel has
// confirmed the one before (Nagle, RFC 896). Without it a server whose accept
// queue overflows can lose the beginning of a request: under SYN cookies Linux
// drops the segments that come while the queue is full, and then takes one
// that follows up to 3 bytes later for the first.
func oneAtATime(nc net.Conn) {
	if tcp, ok := nc.(interface{ SetNoDelay(bool) error }); ok {
		_ = tcp.SetNoDelay(false) // of a connection that has ended; the next write says so
	}
}

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
