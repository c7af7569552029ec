package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const (
	startLead  = 200 * time.Millisecond // for commands to arrive before the moment to begin
	abortGrace = 5 * time.Second        // for workers to cancel attempts in progress
)

// Load sends traffic from all workers to the addresses ("host:port", dialled in
// turn), and a tenth of it from each worker to the next as a control target,
// until stop is called, which it must be. The rate is that of all workers
// together; connections, attempts in progress and timeouts are each worker's
// own. cfg.Dial is not used.
//
// stop waits for attempts in progress. Its error names a worker that was lost,
// with the reason, or one with attempts that were not all received. When ctx
// ends, attempts in progress are cancelled and not recorded.
func (c *Pool) Load(ctx context.Context, addresses []string, cfg traffic.Config) (stop func() error, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	m := newMerge(c, cfg)
	if !c.load.CompareAndSwap(nil, m) {
		return nil, errors.New("the workers are already sending a load")
	}
	release := context.AfterFunc(ctx, func() { c.send(wire.Command{Abort: true}) })
	if err := c.begin(ctx, addresses, cfg); err != nil {
		release()
		m.close()
		c.send(wire.Command{Abort: true})
		return nil, err
	}
	return sync.OnceValue(func() error {
		defer release()
		defer m.close()
		return c.stop(ctx, m)
	}), nil
}

func (c *Pool) send(o wire.Command) {
	for _, l := range c.conns {
		l.send(o)
	}
}

// begin sends the assignments, and waits until all workers have accepted
// theirs.
func (c *Pool) begin(ctx context.Context, addresses []string, cfg traffic.Config) error {
	rate := cmp.Or(cfg.Rate, traffic.DefaultRate)
	each := shares(rate, len(c.conns))
	at := c.clock.Now() + startLead
	for i, l := range c.conns {
		a := assign(addresses, cfg)
		a.Rate = each[i]
		a.Begin = at + stagger(i, rate) - l.fixOffset()
		a.Control = c.pool[(i+1)%len(c.pool)].Control
		l.send(wire.Command{Start: &a})
	}
	return c.each(func(l *workerConn) error {
		select {
		case <-l.started:
			return nil
		case <-l.lost:
			return c.explain(l)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// assign is the part of an assignment that is the same for all workers.
func assign(addresses []string, cfg traffic.Config) wire.Assignment {
	a := wire.Assignment{
		Targets: addresses, Method: cfg.Method, Path: cfg.Path, Host: cfg.Host, PodHeader: cfg.PodHeader,
		Connections: cfg.Connections, Underway: cfg.Underway, DialTimeout: cfg.DialTimeout, Timeout: cfg.Timeout,
	}
	patterns := cfg.Patterns
	if len(patterns) == 0 {
		patterns = traffic.Default()
	}
	for _, p := range patterns {
		a.Patterns = append(a.Patterns, p.Name)
	}
	return a
}

// stop ends the load of every worker and compares the counts. Only workers that
// have ended the load without an error can have another.
func (c *Pool) stop(ctx context.Context, m *merge) error {
	c.send(wire.Command{Stop: true})
	if err := c.awaitCounts(ctx, m); err != nil || ctx.Err() != nil {
		return err
	}
	_ = c.measure(ctx) // all attempts were received
	c.load.Store(nil)
	return nil
}

// awaitCounts waits for every worker's count. That of an aborted load may be
// missing, and is not needed: the trial has failed anyway.
func (c *Pool) awaitCounts(ctx context.Context, m *merge) error {
	aborted := make(chan struct{})
	defer context.AfterFunc(ctx, func() { time.AfterFunc(abortGrace, func() { close(aborted) }) })()
	var lost []*workerConn
	var mu sync.Mutex
	err := c.each(func(l *workerConn) error {
		select {
		case made := <-l.done:
			return m.check(l, made)
		case <-l.lost:
			mu.Lock()
			defer mu.Unlock()
			lost = append(lost, l)
		case <-aborted:
		}
		return nil
	})
	return errors.Join(err, c.explainAll(lost))
}

// explainAll is why the first of the lost workers was lost: when one ends,
// Kubernetes ends the others of its Job.
func (c *Pool) explainAll(lost []*workerConn) error {
	if len(lost) == 0 {
		return nil
	}
	slices.SortFunc(lost, func(a, b *workerConn) int {
		first, _ := a.cause()
		second, _ := b.cause()
		return cmp.Compare(first, second)
	})
	err := c.explain(lost[0])
	if others := len(lost) - 1; others > 0 {
		err = fmt.Errorf("%w (and %d more after it)", err, others)
	}
	return err
}

// merge is the attempts of one load, from all workers.
type merge struct {
	by     time.Duration // from the pool's clock to that of the run
	node   []string      // of each worker
	record func(timeline.Attempt)

	mu     sync.Mutex
	tally  []tally // of each worker
	closed bool
}

func newMerge(c *Pool, cfg traffic.Config) *merge {
	m := &merge{by: cfg.Clock.At(c.clock.Start()), record: cfg.Record}
	for _, h := range c.pool {
		m.node = append(m.node, h.Node)
		m.tally = append(m.tally, tally{})
	}
	return m
}

// merge adds attempts of a worker. Without a load they are of one that was
// cancelled.
func (c *Pool) merge(l *workerConn, attempts []timeline.Attempt) {
	if m := c.load.Load(); m != nil {
		m.add(l.index, l.fixOffset(), attempts)
	}
}

func (m *merge) add(worker int, offset time.Duration, attempts []timeline.Attempt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	for _, a := range attempts {
		m.tally[worker].add(&a)
		a.Node, a.Conn = m.node[worker], unique(a.Conn, worker)
		move(&a, offset+m.by)
		m.record(a)
	}
}

// check returns an error unless all attempts that a worker made were received.
func (m *merge) check(l *workerConn, made []wire.Count) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.tally[l.index].check(made); err != nil {
		return fmt.Errorf("attempts of worker %s are missing: %w", l.pod, err)
	}
	return nil
}

// close records nothing from here on.
func (m *merge) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}
