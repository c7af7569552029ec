package traffic

import (
	"context"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// admit counts a new attempt. When too many are in progress already, it is
// recorded as one that timed out without having started.
func (n *patternRun) admit(due time.Duration) bool {
	if n.underway.Add(1) <= int64(n.cfg.Underway) {
		return true
	}
	n.underway.Add(-1)
	a := n.attempt(due)
	a.Started, a.Ended = timeline.Never, n.cfg.Clock.Now()
	failed(&a, "", timeline.Timeout, fmt.Sprintf("not started: %d attempts are in progress", n.cfg.Underway))
	n.record(a)
	return false
}

// attempt is the record of one that begins now.
func (n *patternRun) attempt(due time.Duration) timeline.Attempt {
	return timeline.Attempt{
		Pattern: n.pattern.Name, Control: n.cfg.Control,
		Scheduled: due, Started: n.cfg.Clock.Now(), Sent: timeline.Never, EndedConn: timeline.Never,
	}
}

// finishAttempt counts a finished attempt and records it, unless it failed
// because the load was cancelled.
func (n *patternRun) finishAttempt(a timeline.Attempt) {
	if !n.abandoned(&a) {
		n.record(a)
	}
	n.underway.Add(-1)
}

func (n *patternRun) abandoned(a *timeline.Attempt) bool { return a.Dropped() && n.ctx.Err() != nil }

// dial makes the connection of an attempt. If it can't, the attempt has
// failed, and dial returns nil.
func (n *patternRun) dial(a *timeline.Attempt, node int) *conn {
	ctx, cancel := context.WithTimeout(n.ctx, n.cfg.DialTimeout)
	defer cancel()
	nc, pod, err := n.cfg.Dial[node](ctx)
	if node < len(n.cfg.Nodes) {
		a.Node = n.cfg.Nodes[node]
	}
	a.Pod, a.Addr = pod, dialled(nc, err)
	if err != nil {
		a.Ended = n.cfg.Clock.Now()
		failed(a, timeline.DialPhase, dialCause(err), detail(err))
		return nil
	}
	c := newConn(nc, a.Node, pod)
	c.in.podField = n.cfg.PodHeader
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[c] = struct{}{}
	if n.ctx.Err() != nil {
		_ = c.Conn.Close() // abandon may have run already
	}
	return c
}

// closeConn closes a connection.
func (n *patternRun) closeConn(c *conn) {
	_ = c.Conn.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.open, c)
}

// exchange sends a request, reads the response and sets the result in the
// attempt. It reports whether the connection can carry another request.
func (n *patternRun) exchange(c *conn, a *timeline.Attempt, r *request, send func(*conn, []byte) error) bool {
	a.Conn, a.Node, a.Pod, a.Reused, a.Addr = c.id, c.node, c.pod, c.used, c.addr
	c.used = true
	sendErr := send(c, r.bytes)
	if sendErr == nil {
		a.Sent = n.cfg.Clock.Now()
	}
	// A server may answer before it has read everything, and close.
	ans, err := c.in.answer(r.head)
	a.Ended = n.cfg.Clock.Now()
	a.Bytes, a.Status = c.in.seen, ans.status
	if c.in.pod != "" {
		c.pod = c.in.pod
		a.Pod = c.pod
	}
	switch {
	case err != nil:
		n.fail(a, sendErr, err)
		return false
	case sendErr != nil && sendErr != errAnswered:
		a.End, a.EndedConn = timeline.Broken, a.Ended
	}
	if ans.status >= 500 {
		failed(a, timeline.ReceivePhase, timeline.Status5xx, fmt.Sprintf("status %d", ans.status))
	}
	return !ans.close && sendErr == nil
}

// fail sets how an exchange failed. If no byte of a response arrived, the error
// of sending, if there was one, is more exact than that of reading.
func (n *patternRun) fail(a *timeline.Attempt, sendErr, readErr error) {
	err := readErr
	if a.Bytes == 0 && sendErr != nil && sendErr != errAnswered {
		err = sendErr
	}
	failed(a, exchangePhase(a), exchangeCause(err, a.Bytes), detail(err))
	a.End, a.EndedConn = timeline.Broken, a.Ended
}

// send writes a request at once.
func (n *patternRun) send(c *conn, request []byte) error {
	if err := c.SetDeadline(time.Now().Add(n.cfg.Timeout)); err != nil {
		return err
	}
	_, err := c.Write(request)
	return err
}
