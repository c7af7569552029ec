package traffic

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic/engine"
)

// connections numbers them: a run has several loads (the control target's is
// one), and a number is unique in the run.
var connections atomic.Uint64

// conn is one connection of a client, and the session on it.
type conn struct {
	net     net.Conn
	session engine.Session
	id      uint64
	node    string
	pod     string
	addr    string           // it was made to
	used    bool             // it has carried a request
	extra   bool             // kept: opened because all others were busy
	last    timeline.Attempt // the last one on it
}

// do makes an attempt on the connection; c.last is the result.
func (c *conn) do(ctx context.Context, a timeline.Attempt) {
	a.Conn, a.Node, a.Pod, a.Reused, a.Addr = c.id, c.node, c.pod, c.used, c.addr
	c.used, c.last = true, a
	c.session.Do(ctx, &c.last)
	c.pod = c.last.Pod
}
