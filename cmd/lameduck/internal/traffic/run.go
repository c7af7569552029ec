package traffic

import (
	"context"
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

// Pattern is one way to use a server: a policy of connections, and a protocol
// on them.
type Pattern struct {
	Name    string // as on the command line and in Attempt.Pattern
	Summary string // what it does, in one line

	policy  func(*patternRun) policy
	engine  func(engine.Config) engine.Engine
	divisor int           // it starts Rate/divisor attempts a second, at least one
	takes   time.Duration // how long an exchange takes by itself
	head    bool          // that time is the one until the head of the request is sent
}

// Load is running traffic.
type Load struct {
	spec        Spec
	env         Env
	tls         *tls.Config // nil: clear text
	ctx         context.Context
	release     func() bool // of the watch on ctx
	patternRuns []*patternRun
	pacers      sync.WaitGroup
	attempts    sync.WaitGroup
	stop        sync.Once

	recording sync.Mutex

	mu   sync.Mutex
	open map[*conn]struct{}
}

// patternRun is one pattern of a load.
type patternRun struct {
	*Load
	pattern  *Pattern
	rate     int
	takes    time.Duration // how long an exchange takes by itself
	policy   policy
	engine   engine.Engine
	wakeup   wakeup
	stopped  atomic.Bool
	underway atomic.Int64
}

// policy makes the attempts of one pattern: on which connections, and when a
// connection is closed.
type policy interface {
	// start begins attempt n, which is due at this moment, and returns at once.
	start(n int64, due time.Duration)
	// finish is called when no attempt is under way any more.
	finish()
}

// watch makes abandon close the connection.
func (l *Load) watch(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	if l.ctx.Err() != nil {
		_ = c.net.Close() // abandon may have run already
	}
}

// forget is called when a connection is closed.
func (l *Load) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// record passes attempts on, one at a time.
func (l *Load) record(a *timeline.Attempt) {
	l.recording.Lock()
	defer l.recording.Unlock()
	l.env.Record(*a)
}
