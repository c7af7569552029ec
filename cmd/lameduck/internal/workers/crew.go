package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const (
	heartbeat = time.Second            // between two pings of the clocks
	deaf      = 30 * time.Second       // a worker that says nothing for so long is lost
	again     = 500 * time.Millisecond // until it is asked once more who it is
	burst     = 16                     // pings in a row, before the load and after it
)

// Crew is workers that run and are attached.
type Crew struct {
	cfg   Config
	clock timeline.Clock
	links []*link
	crew  []wire.Hello // like links
	nodes []string

	ctx     context.Context // of the streams
	hangUp  context.CancelFunc
	streams sync.WaitGroup
	remote  sync.WaitGroup // of the streams, those through the API server
	lost    chan struct{}
	losing  sync.Once

	load atomic.Pointer[merge]

	closing sync.Mutex
	left    bool // nothing is attached any more
	closed  bool
}

// Start creates the workers. It returns when all of them are attached and
// their clocks are measured; else nothing is left, and the error says why,
// with a hint. Close has to be called.
func Start(ctx context.Context, cfg Config) (*Crew, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	c := newCrew(cfg.withDefaults())
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func newCrew(cfg Config) *Crew {
	c := &Crew{cfg: cfg, clock: timeline.NewClock(), lost: make(chan struct{})}
	c.ctx, c.hangUp = context.WithCancel(context.Background())
	return c
}

func (c *Crew) start(ctx context.Context) error {
	if err := c.create(ctx); err != nil {
		return err
	}
	fmt.Fprintf(c.cfg.Log, "waiting for %d workers\n", c.cfg.Count)
	waiting, cancel := context.WithTimeout(ctx, c.cfg.StartTimeout)
	defer cancel()
	pods, err := c.await(waiting)
	if err == nil {
		c.attach(pods)
		err = c.meet(waiting)
	}
	if err == nil {
		err = c.measure(waiting)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	for _, l := range c.links {
		c.streams.Go(func() { c.keepMeasuring(l) })
	}
	c.introduce()
	return nil
}

// attach connects to the pods.
func (c *Crew) attach(pods []corev1.Pod) {
	for i := range pods {
		c.links = append(c.links, newLink(i, pods[i].Name, c.clock, c.merge))
	}
	for _, l := range c.links {
		in, orders := io.Pipe()
		words, out := io.Pipe()
		c.streams.Go(func() { l.write(orders) })
		c.streams.Go(func() { l.read(words) })
		c.streams.Go(func() { c.watch(l) })
		c.remote.Go(func() {
			err := c.cfg.attach(c.ctx, l.pod, in, out, &l.said)
			out.CloseWithError(cmp.Or(err, io.EOF)) // what was said before is still read
			in.CloseWithError(errStreamEnded)
		})
		context.AfterFunc(c.ctx, func() { orders.Close(); words.Close() })
	}
}

// leave ends the workers by the end of their stdin, and hangs up on those that
// are still there a moment later.
func (c *Crew) leave() {
	c.losing.Do(func() {}) // from here on none is lost
	for _, l := range c.links {
		close(l.bye)
	}
	ended := make(chan struct{})
	go func() { c.remote.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(farewell):
	}
	c.hangUp()
	<-ended
	c.streams.Wait()
}

// watch tells when the first worker is lost. Hanging up is no loss.
func (c *Crew) watch(l *link) {
	select {
	case <-l.lost:
		if c.ctx.Err() == nil {
			c.losing.Do(func() { close(c.lost) })
		}
	case <-c.ctx.Done():
		l.fail(context.Canceled)
	}
}

// meet asks every worker who it is. The first answers may be lost: a runtime
// connects stdin a moment before it does stdout.
func (c *Crew) meet(ctx context.Context) error {
	c.crew = make([]wire.Hello, len(c.links))
	return c.each(func(l *link) error {
		for {
			l.tell(wire.Order{Hello: true})
			select {
			case h := <-l.hello:
				c.crew[l.index] = h
				return greet(h)
			case <-l.lost:
				return c.explain(l)
			case <-ctx.Done():
				return fmt.Errorf("worker %s is attached, and does not answer", l.pod)
			case <-time.After(again):
			}
		}
	})
}

// measure pings every worker a few times in a row.
func (c *Crew) measure(ctx context.Context) error {
	return c.each(func(l *link) error {
		for len(l.pongs) > 0 {
			<-l.pongs // of pings that nobody waited for
		}
		for range burst {
			l.tell(l.nextPing())
			select {
			case <-l.pongs:
			case <-l.lost:
				return c.explain(l)
			case <-ctx.Done():
				return fmt.Errorf("worker %s stopped answering: %w", l.pod, context.Cause(ctx))
			}
		}
		return nil
	})
}

// each does something with all links at the same time, and returns the error
// of the first of them that has one.
func (c *Crew) each(do func(*link) error) error {
	errs := make([]error, len(c.links))
	var all sync.WaitGroup
	for i, l := range c.links {
		all.Go(func() { errs[i] = do(l) })
	}
	all.Wait()
	return cmp.Or(errs...)
}

// keepMeasuring pings a worker as long as it lives: clocks drift.
func (c *Crew) keepMeasuring(l *link) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-l.lost:
			return
		case <-tick.C:
			l.tell(l.nextPing())
			if l.silent() > deaf {
				l.fail(fmt.Errorf("it has said nothing for %v", deaf))
			}
		}
	}
}

// introduce says who the workers are.
func (c *Crew) introduce() {
	for _, h := range c.crew {
		c.nodes = append(c.nodes, h.Node)
	}
	slices.Sort(c.nodes)
	c.nodes = slices.Compact(c.nodes)
	var worst time.Duration
	for _, k := range c.Clocks() {
		worst = max(worst, k.Uncertainty)
	}
	fmt.Fprintf(c.cfg.Log, "%d workers on %d nodes, clocks compared to within %v\n", len(c.links), len(c.nodes), worst)
}

// Nodes are the names of the nodes that workers stand on, sorted.
// Attempt.Node is an index into them.
func (c *Crew) Nodes() []string { return slices.Clone(c.nodes) }

// Clocks are as measured until now, one of each worker.
func (c *Crew) Clocks() []Clock {
	all := make([]Clock, len(c.links))
	for i, l := range c.links {
		e := l.estimate()
		all[i] = Clock{Worker: l.pod, Node: c.crew[i].Node, Skew: e.skew, Uncertainty: e.uncertainty}
	}
	return all
}

// Lost is closed when a worker is lost, so that a trial need not go on until
// stop says why.
func (c *Crew) Lost() <-chan struct{} { return c.lost }
