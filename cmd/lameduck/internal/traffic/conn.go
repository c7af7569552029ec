package traffic

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
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
	again   bool             // the last one failed, and a client may try it again by itself
	clock   timeline.Clock
}

// do makes an attempt on the connection; c.last is the result.
func (c *conn) do(ctx context.Context, a timeline.Attempt) {
	a.Conn, a.Node, a.Pod, a.Reused, a.Addr = c.id, c.node, c.pod, c.used, c.addr
	x := c.session.Do(ctx)
	if x.Pod != "" {
		a.Pod = x.Pod
	}
	if !x.Sent.IsZero() {
		a.Sent = c.clock.At(x.Sent)
	}
	a.Ended, a.Bytes, a.Status, a.End = c.clock.At(x.Ended), x.Bytes, x.Status, timeline.End(x.End)
	if a.End != timeline.Open {
		a.EndedConn = a.Ended
	}
	fail(&a, x.Failure)
	c.used, c.last, c.pod, c.again = true, a, a.Pod, x.Retryable
}

// fail sets how an attempt failed, if it did.
func fail(a *timeline.Attempt, f engine.Failure) {
	a.Phase, a.Cause, a.Detail = timeline.Phase(f.Phase), timeline.Cause(f.Cause), f.Detail
	a.Class = a.Cause.Class()
}
