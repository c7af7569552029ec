package traffic

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

// admit counts a new attempt. When too many are in progress already, it is
// recorded as one that timed out without having started.
func (n *patternRun) admit(due time.Duration) bool {
	if n.underway.Add(1) <= int64(n.spec.Limits.Underway) {
		return true
	}
	n.underway.Add(-1)
	a := n.attempt(due)
	a.Started, a.Ended = timeline.Never, n.env.Clock.Now()
	fail(&a, engine.Failure{Cause: engine.Timeout, Detail: fmt.Sprintf("not started: %d attempts are in progress", n.spec.Limits.Underway)})
	n.record(&a)
	return false
}

// attempt is the record of one that begins now.
func (n *patternRun) attempt(due time.Duration) timeline.Attempt {
	return timeline.Attempt{
		Pattern: n.pattern.Name, Control: n.env.Control, TLS: n.tls != nil,
		Scheduled: due, Started: n.env.Clock.Now(), Sent: timeline.Never, EndedConn: timeline.Never,
	}
}

// finishAttempt counts a finished attempt and records it, unless it failed
// because the load was cancelled.
func (n *patternRun) finishAttempt(a *timeline.Attempt) {
	if !n.abandoned(a) {
		n.record(a)
	}
	n.underway.Add(-1)
}

func (n *patternRun) abandoned(a *timeline.Attempt) bool { return a.Dropped() && n.ctx.Err() != nil }

// connect makes the connection of an attempt, and a session on it. If it can't,
// the attempt has failed, and connect returns nil.
func (n *patternRun) connect(a *timeline.Attempt, node int, use engine.Use) *conn {
	ctx, cancel := context.WithTimeout(n.ctx, n.spec.Limits.DialTimeout)
	defer cancel()
	nc, pod, err := n.env.Dial[node](ctx)
	if node < len(n.env.Nodes) {
		a.Node = n.env.Nodes[node]
	}
	a.Pod, a.Addr = pod, dialled(nc, err)
	if err != nil {
		a.Ended = n.env.Clock.Now()
		fail(a, engine.DialFailure(err))
		return nil
	}
	c := &conn{net: nc, id: connections.Add(1), node: a.Node, pod: pod, addr: a.Addr, clock: n.env.Clock}
	n.watch(c)
	if c.session, err = n.handshake(ctx, nc, use); err != nil {
		a.Conn, a.Ended = c.id, n.env.Clock.Now()
		a.End, a.EndedConn = timeline.Broken, a.Ended
		fail(a, engine.HandshakeFailure(err))
		_ = nc.Close()
		n.forget(c)
		return nil
	}
	return c
}

// handshake makes a session on a connection.
func (n *patternRun) handshake(ctx context.Context, nc net.Conn, use engine.Use) (engine.Session, error) {
	c := engine.NewConn(nc)
	if n.tls != nil {
		if err := c.Secure(ctx, n.tls); err != nil {
			return nil, err
		}
	}
	return n.engine.Open(ctx, c, use)
}

// close ends the session and with it the connection.
func (n *patternRun) close(c *conn) {
	c.session.Close()
	n.forget(c)
}
