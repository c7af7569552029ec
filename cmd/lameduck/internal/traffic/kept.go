package traffic

import (
	"slices"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

// kept is the policy that makes attempts on connections that are kept, each in
// its turn. If all are busy at the scheduled time (the server stalls) it opens one
// more rather than wait, and closes it again when there are enough.
type kept struct {
	*patternRun
	connections int // how many it keeps

	mu    sync.Mutex
	idle  []*conn // the longest idle first
	live  int     // idle, busy, or about to be dialled
	dials int     // how many, to use the nodes in turn
}

// newKept keeps as many connections as there are exchanges at once, if those
// take a while by themselves, so that nearly all connections are in the middle of
// one at any moment.
func newKept(n *patternRun) policy {
	k := &kept{patternRun: n, connections: n.spec.Limits.Connections}
	if n.takes > 0 {
		k.connections = max(k.connections, 1+n.rate*int(n.takes.Milliseconds())/1000)
	}
	return k
}

func (k *kept) start(_ int64, due time.Duration) {
	if k.admit(due) {
		c, extra := k.take()
		k.attempts.Go(func() { k.try(c, extra, due) })
	}
}

// take returns an idle connection, an additional one only if there is no
// other; or nil if a new one is to be dialled.
func (k *kept) take() (c *conn, extra bool) {
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
func (k *kept) try(c *conn, extra bool, due time.Duration) {
	a := k.attempt(due)
	if c != nil && !k.usable(c) {
		c = nil
	}
	if c == nil {
		if c = k.connect(&a, k.node(), engine.Kept); c == nil {
			k.removed()
			k.finishAttempt(&a)
			return
		}
		c.extra = extra
	}
	c.do(k.ctx, a)
	switch c.last.End {
	case timeline.Open:
		k.keep(c)
	case timeline.Broken:
		k.dropped(c)
	default:
		k.closeAnnounced(c)
	}
}

// usable looks whether the server has closed an idle connection; if it has,
// that is how the attempt before this one ended.
func (k *kept) usable(c *conn) bool {
	end := timeline.End(c.session.Idle())
	if end != timeline.Open && k.ctx.Err() == nil { // else the load itself closed it
		c.last.End, c.last.EndedConn = end, k.env.Clock.Now()
	}
	k.record(&c.last)
	if end != timeline.Open {
		k.close(c)
	}
	return end == timeline.Open
}

// keep holds the attempt back until the end of its connection is known, and
// makes the connection idle. From then on another attempt may take it.
func (k *kept) keep(c *conn) {
	k.underway.Add(-1)
	if excess := k.putIdle(c); excess != nil && k.usable(excess) {
		k.close(excess)
	}
}

// putIdle makes a connection idle, and returns the one to close if that makes
// too many: the youngest, so that a short stall does not replace those that
// have been kept for long.
func (k *kept) putIdle(c *conn) (excess *conn) {
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
func (k *kept) closeAnnounced(c *conn) {
	k.removed()
	k.finishAttempt(&c.last)
	k.close(c)
}

// dropped ends a connection that failed, and tries again if a client may.
func (k *kept) dropped(c *conn) {
	k.removed()
	k.close(c)
	if c.again {
		c.last.Retry = k.retryOnce()
	}
	k.finishAttempt(&c.last)
}

// retryOnce does what a client that retries safely would do: once, immediately,
// on a new connection. It is no attempt of its own.
func (k *kept) retryOnce() timeline.Retry {
	second := k.attempt(k.env.Clock.Now())
	if c := k.connect(&second, k.node(), engine.Retry); c != nil {
		c.do(k.ctx, second)
		second = c.last
		k.close(c)
	}
	if second.Dropped() {
		return timeline.RetryFailed
	}
	return timeline.RetryOK
}

// removed uncounts a connection that was closed.
func (k *kept) removed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.live--
}

// node is the one to dial through.
func (k *kept) node() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dials++
	return (k.dials - 1) % len(k.env.Dial)
}

// finish peeks at every connection once more, records the last attempt on each,
// and closes them.
func (k *kept) finish() {
	for _, c := range k.idle {
		if k.usable(c) {
			k.close(c)
		}
	}
	k.idle = nil
}
