package traffic

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Load is running traffic.
type Load struct {
	cfg         Config
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
	pattern  Pattern
	rate     int
	client   client
	wakeup   wakeup
	stopped  atomic.Bool
	underway atomic.Int64
}

// client makes the attempts of one pattern.
type client interface {
	// start begins attempt n, which is due at this moment, and returns at once.
	start(n int64, due time.Duration)
	// finish is called when no attempt is under way any more.
	finish()
}

// Start sends traffic until Stop is called, which it must be. When ctx ends no
// more attempts begin, and those in progress are cancelled and not recorded:
// the client ended them. The Config must pass Check, and have a Dialer and
// Record, or Start panics.
func Start(ctx context.Context, cfg Config) *Load {
	l := newLoad(ctx, cfg)
	rates := make([]int, len(l.patternRuns))
	for i, n := range l.patternRuns {
		rates[i] = n.rate
	}
	begin := l.cfg.Clock.Now()
	for i, phase := range phases(rates) {
		l.pacers.Go(func() { l.patternRuns[i].pace(begin + phase) })
	}
	return l
}

// newLoad makes a load that begins no attempt by itself.
func newLoad(ctx context.Context, cfg Config) *Load {
	if len(cfg.Dial) == 0 || cfg.Record == nil {
		panic("traffic: no Dialer, or no Record")
	}
	l := &Load{cfg: cfg.withDefaults(), ctx: ctx, open: map[*conn]struct{}{}}
	for _, p := range l.cfg.Patterns {
		n := &patternRun{Load: l, pattern: p, rate: p.rate(l.cfg.Rate), wakeup: newWakeup()}
		n.client = p.client(n)
		l.patternRuns = append(l.patternRuns, n)
	}
	l.release = context.AfterFunc(ctx, func() {
		l.halt()
		l.abandon()
	})
	return l
}

// Stop begins no more attempts and waits for those in progress, or until the
// context of Start ends. With a server that does not respond, an attempt takes
// DialTimeout plus Timeout, plus the 2 s of slow; one that is retried, twice
// that. Then Stop records the attempts that were held back and closes every
// connection. It may be called once.
func (l *Load) Stop() {
	l.halt()
	l.pacers.Wait()
	l.attempts.Wait()
	for _, n := range l.patternRuns {
		n.client.finish()
		n.wakeup.close()
	}
	l.release()
}

// halt stops the pacers.
func (l *Load) halt() {
	l.stop.Do(func() {
		for _, n := range l.patternRuns {
			n.stopped.Store(true)
			n.wakeup.stop()
		}
	})
}

// abandon closes every connection, so that whatever waits on one returns.
func (l *Load) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.Conn.Close()
	}
}

// pace starts every attempt at its moment. After a delay of this process all
// that are due start immediately, each with the moment it was due.
func (n *patternRun) pace(begin time.Duration) {
	for tick := int64(0); !n.stopped.Load(); tick++ {
		moment := begin + due(tick, n.rate)
		for wait := moment - n.cfg.Clock.Now(); wait > 0; wait = moment - n.cfg.Clock.Now() {
			if !n.wakeup.wait(wait) {
				return
			}
		}
		n.client.start(tick, moment)
	}
}

// record passes attempts on, one at a time.
func (l *Load) record(a timeline.Attempt) {
	l.recording.Lock()
	defer l.recording.Unlock()
	l.cfg.Record(a)
}
