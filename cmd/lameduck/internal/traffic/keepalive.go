package traffic

import (
	"slices"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// keepalive makes its attempts on kept connections, each in its turn. If all
// are busy at the scheduled time (the server stalls) it opens one more rather
// than wait, and closes it again when there are enough.
type keepalive struct {
	*patternRun
	request     request
	retry       request // the same on a connection that is used once
	send        func(*conn, []byte) error
	connections int // how many it keeps

	mu    sync.Mutex
	idle  []*conn // the longest idle first
	live  int     // idle, busy, or about to be dialled
	dials int     // how many, to use the nodes in turn
}

func newKeepalive(n *patternRun) client {
	return &keepalive{
		patternRun: n, request: newRequest(n.cfg, false), retry: newRequest(n.cfg, true),
		send: n.send, connections: n.cfg.Connections,
	}
}

// newSlow keeps as many connections as requests are under way at once, so
// that nearly all of them are in the middle of one at any moment.
func newSlow(n *patternRun) client {
	return &keepalive{
		patternRun: n, request: newRequest(n.cfg, false), retry: newRequest(n.cfg, true),
		send: n.sendSlowly, connections: max(n.cfg.Connections, 1+n.rate*int(n.cfg.trickle.Milliseconds())/1000),
	}
}

func (k *keepalive) start(_ int64, due time.Duration) {
	if k.admit(due) {
		c, extra := k.take()
		k.attempts.Go(func() { k.try(c, extra, due) })
	}
}

// take returns an idle connection, an additional one only if there is no
// other; or nil if a new one is to be dialled.
func (k *keepalive) take() (c *conn, extra bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.live < k.connections || len(k.idle) == 0 {
		k.live++
		return nil, k.live > k.connections
	}
	i := max(0, slices.IndexFunc(k.idle, func(c *conn) bool { return !c.extra }))
	c = k.idle[i]
	k.idle = slices.Delete(k.idle, i, i+1)
	return c, c.extra
}

// try makes one attempt, on c if that is still open.
func (k *keepalive) try(c *conn, extra bool, due time.Duration) {
	a := k.attempt(due)
	if c != nil && !k.usable(c) {
		c = nil
	}
	if c == nil {
		if c = k.dial(&a, k.node()); c == nil {
			k.removed()
			k.finishAttempt(a)
			return
		}
		c.extra = extra
	}
	again := k.exchange(c, &a, &k.request, k.send)
	switch {
	case a.End == timeline.Broken:
		k.dropped(c, &a)
	case again:
		k.keep(c, a)
	default:
		k.closeAnnounced(c, a)
	}
}

// usable looks whether the server has closed an idle connection; if it has,
// that is how the attempt before this one ended.
func (k *keepalive) usable(c *conn) bool {
	// The deadline of the attempt before may be over.
	if err := c.SetDeadline(time.Now().Add(k.cfg.Timeout)); err == nil && c.peek() {
		k.record(c.last)
		return true
	}
	k.recordLast(c)
	return false
}

// settle records the last attempt of a connection that has ended while idle.
func (k *keepalive) recordLast(c *conn) {
	if k.ctx.Err() == nil { // else the load itself closed it
		c.last.End, c.last.EndedConn = c.closeReason(), k.cfg.Clock.Now()
	}
	k.record(c.last)
	k.closeConn(c)
}

// keep holds the attempt back until the end of its connection is known, and
// makes the connection idle. From then on another attempt may take it.
func (k *keepalive) keep(c *conn, a timeline.Attempt) {
	c.last = a
	k.underway.Add(-1)
	if excess := k.putIdle(c); excess != nil && k.usable(excess) {
		k.closeConn(excess)
	}
}

// putIdle makes a connection idle, and returns the one to close if that makes
// too many: the youngest, so that a short stall does not replace those that
// have been kept for long.
func (k *keepalive) putIdle(c *conn) (excess *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.idle = append(k.idle, c)
	if len(k.idle) <= k.connections {
		return nil
	}
	youngest := 0
	for i, c := range k.idle {
		if c.id > k.idle[youngest].id {
			youngest = i
		}
	}
	excess = k.idle[youngest]
	k.idle = slices.Delete(k.idle, youngest, youngest+1)
	k.live--
	return excess
}

// closeAnnounced ends a connection as the server announced.
func (k *keepalive) closeAnnounced(c *conn, a timeline.Attempt) {
	k.removed()
	a.End, a.EndedConn = timeline.Announced, a.Ended
	k.finishAttempt(a)
	c.linger()
	k.closeConn(c)
}

// dropped ends a connection that failed, and tries again if a client may.
func (k *keepalive) dropped(c *conn, a *timeline.Attempt) {
	k.removed()
	k.closeConn(c)
	if a.Reused && a.Bytes == 0 && k.request.idempotent && (a.Cause == timeline.EOF || a.Cause == timeline.Reset) {
		a.Retry = k.retryOnce()
	}
	k.finishAttempt(*a)
}

// retryOnce does what a client that retries safely would do: once, immediately,
// on a new connection. It is no attempt of its own.
func (k *keepalive) retryOnce() timeline.Retry {
	second := k.attempt(k.cfg.Clock.Now())
	c := k.dial(&second, k.node())
	if c != nil {
		defer k.closeConn(c)
		k.exchange(c, &second, &k.retry, k.patternRun.send)
	}
	if second.Dropped() {
		return timeline.RetryFailed
	}
	return timeline.RetryOK
}

// removed uncounts a connection that was closed.
func (k *keepalive) removed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.live--
}

// node is the one to dial through.
func (k *keepalive) node() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dials++
	return (k.dials - 1) % len(k.cfg.Dial)
}

// finish peeks at every connection once more, records the last attempt on each,
// and closes them.
func (k *keepalive) finish() {
	for _, c := range k.idle {
		if k.usable(c) {
			k.closeConn(c)
		}
	}
	k.idle = nil
}
