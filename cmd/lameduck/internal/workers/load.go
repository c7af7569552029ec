package workers

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

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
// own. env.Dial is not used.
//
// stop waits for attempts in progress. Its error names a worker that was lost,
// with the reason, or one with attempts that were not all received. When ctx
// ends, attempts in progress are cancelled and not recorded.
func (c *Pool) Load(ctx context.Context, addresses []string, spec traffic.Spec, env traffic.Env) (stop func() error, err error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	m := newMerge(c.pool, env, c.clock)
	if !c.load.CompareAndSwap(nil, m) {
		return nil, errors.New("the workers are already sending a load")
	}
	release := context.AfterFunc(ctx, func() { c.send(wire.Command{Abort: true}) })
	if err := c.begin(ctx, addresses, spec); err != nil {
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
func (c *Pool) begin(ctx context.Context, addresses []string, spec traffic.Spec) error {
	rate := cmp.Or(spec.Rate, traffic.DefaultRate)
	each := shares(rate, len(c.conns))
	at := c.clock.Now() + startLead
	for i, l := range c.conns {
		spec.Rate = each[i]
		a := wire.Assignment{
			Targets: addresses, Control: c.pool[(i+1)%len(c.pool)].Control,
			Begin: at + stagger(i, rate) - l.fixOffset(), Spec: spec,
		}
		l.send(wire.Command{Start: &a})
	}
	return c.each(func(l *workerConn) error {
		select {
		case <-l.started:
			return nil
		case <-l.lost:
			return c.job.explain(l)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
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
	return errors.Join(err, c.job.explainAll(lost))
}
