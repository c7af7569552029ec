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
	notice  = 200 * time.Millisecond // for orders to arrive before the moment to begin
	parting = 5 * time.Second        // for workers to give up what is under way
)

// Load sends traffic from all workers to the addresses ("host:port", dialled
// in turn), and a tenth of it from each worker to the next as a control
// target, until stop is called, which it must be. The rate is that of all
// workers together; connections, those under way and timeouts are each
// worker's own. cfg.Dial is not used.
//
// stop waits for what is under way. Its error says which worker was lost in
// between and why, or whose attempts are not all there. When ctx ends,
// attempts under way are given up and not recorded.
func (c *Crew) Load(ctx context.Context, addresses []string, cfg traffic.Config) (stop func() error, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	m := newMerge(c, cfg)
	if !c.load.CompareAndSwap(nil, m) {
		return nil, errors.New("the workers are under load already")
	}
	release := context.AfterFunc(ctx, func() { c.tell(wire.Order{Abort: true}) })
	if err := c.begin(ctx, addresses, cfg); err != nil {
		release()
		m.close()
		c.tell(wire.Order{Abort: true})
		return nil, err
	}
	return sync.OnceValue(func() error {
		defer release()
		defer m.close()
		return c.stop(ctx, m)
	}), nil
}

func (c *Crew) tell(o wire.Order) {
	for _, l := range c.links {
		l.tell(o)
	}
}

// begin hands out the work, and waits until all have it.
func (c *Crew) begin(ctx context.Context, addresses []string, cfg traffic.Config) error {
	rate := cmp.Or(cfg.Rate, traffic.DefaultRate)
	each := shares(rate, len(c.links))
	at := c.clock.Now() + notice
	for i, l := range c.links {
		a := assign(addresses, cfg)
		a.Rate = each[i]
		a.Begin = at + stagger(i, rate) - l.settle()
		a.Control = c.crew[(i+1)%len(c.crew)].Control
		l.tell(wire.Order{Start: &a})
	}
	return c.each(func(l *link) error {
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

// stop ends the load of every worker and compares the counts. Only workers
// that have come to the end of it as they should can have another.
func (c *Crew) stop(ctx context.Context, m *merge) error {
	c.tell(wire.Order{Stop: true})
	if err := c.settleUp(ctx, m); err != nil || ctx.Err() != nil {
		return err
	}
	_ = c.measure(ctx) // all attempts are here; nothing can be lost any more
	c.load.Store(nil)
	return nil
}

// settleUp waits for every worker's count. That of an aborted load may not
// come, and is not needed: the trial has failed anyway.
func (c *Crew) settleUp(ctx context.Context, m *merge) error {
	aborted := make(chan struct{})
	defer context.AfterFunc(ctx, func() { time.AfterFunc(parting, func() { close(aborted) }) })()
	var gone []*link
	var mu sync.Mutex
	err := c.each(func(l *link) error {
		select {
		case made := <-l.done:
			return m.check(l, made)
		case <-l.lost:
			mu.Lock()
			defer mu.Unlock()
			gone = append(gone, l)
		case <-aborted:
		}
		return nil
	})
	return errors.Join(err, c.explainAll(gone))
}

// explainAll says why the first of the lost workers was lost: when one ends,
// Kubernetes ends the others of its Job.
func (c *Crew) explainAll(gone []*link) error {
	if len(gone) == 0 {
		return nil
	}
	slices.SortFunc(gone, func(a, b *link) int {
		first, _ := a.cause()
		second, _ := b.cause()
		return cmp.Compare(first, second)
	})
	err := c.explain(gone[0])
	if others := len(gone) - 1; others > 0 {
		err = fmt.Errorf("%w (and %d more after it)", err, others)
	}
	return err
}

// merge is the attempts of one load, from all workers.
type merge struct {
	by     time.Duration // from the crew's clock to that of the run
	node   []int         // of each worker
	record func(timeline.Attempt)

	mu     sync.Mutex
	tally  []tally // of each worker
	closed bool
}

func newMerge(c *Crew, cfg traffic.Config) *merge {
	m := &merge{by: cfg.Clock.At(c.clock.Start()), record: cfg.Record}
	for _, h := range c.crew {
		node, _ := slices.BinarySearch(c.nodes, h.Node)
		m.node = append(m.node, node)
		m.tally = append(m.tally, tally{})
	}
	return m
}

// merge takes attempts of a worker. Without a load they are of one that was
// given up.
func (c *Crew) merge(l *link, attempts []timeline.Attempt) {
	if m := c.load.Load(); m != nil {
		m.add(l.index, l.settle(), attempts)
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

// check says whether all attempts that a worker made have come.
func (m *merge) check(l *link, made []wire.Count) error {
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
