package traffic

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// connections numbers them: a run has several loads (the control target's is
// one), and a number is unique in the run.
var connections atomic.Uint64

// conn is one connection of a client.
type conn struct {
	net.Conn
	id     uint64
	node   string
	pod    string
	addr   string // it was made to
	in     reader
	peeker peeker
	failed error            // an error of peek; the next Read returns it again
	used   bool             // it has carried a request
	extra  bool             // keepalive: opened because all others were busy
	last   timeline.Attempt // keepalive: the last one on it, until its end is known
}

func newConn(nc net.Conn, node, pod string) *conn {
	c := &conn{Conn: nc, id: connections.Add(1), node: node, pod: pod, addr: dialled(nc, nil), peeker: newPeeker(nc)}
	c.in.src = c
	return c
}

// Read reads from the connection, after what peek has read.
func (c *conn) Read(p []byte) (int, error) {
	if c.failed != nil {
		return 0, c.failed
	}
	return c.Conn.Read(p)
}

// peek reads, without waiting, whatever the connection has received; it stays
// in the buffer. It reports whether the connection is open and nothing was
// received.
func (c *conn) peek() bool {
	if c.in.buffered() > 0 || c.failed != nil {
		return false
	}
	n, err := c.peeker.read(c.in.space())
	c.in.took(n)
	if n == 0 && err != errNothing {
		c.failed = err
	}
	return n == 0 && err == errNothing
}

// closeReason is how a connection without a request in flight ended, after peek
// found that it ended or received something; the connection cannot be used
// afterwards. A server may announce the end of an idle connection with a 408
// (RFC 9110 section 15.5.9).
func (c *conn) closeReason() timeline.End {
	switch {
	case c.failed == io.EOF:
		return timeline.FIN
	case c.failed != nil:
		return timeline.Broken
	}
	c.failed, c.in.heads = errNothing, 0 // only what was received counts
	if b, err := c.in.head(); err == nil {
		if h, err := parseHead(b); err == nil && h.status == 408 {
			return timeline.Announced
		}
	}
	return timeline.Broken
}

// lingerFor is how long a client waits for the server to close first, after
// either side announced the close. That keeps TIME_WAIT off our side, where it
// would use up the local ports.
const lingerFor = 250 * time.Millisecond

func (c *conn) linger() {
	if c.SetReadDeadline(time.Now().Add(lingerFor)) != nil {
		return
	}
	for {
		c.in.r = c.in.w
		if c.in.fill() != nil {
			return
		}
	}
}
