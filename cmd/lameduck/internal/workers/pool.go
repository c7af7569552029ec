package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const (
	heartbeat        = time.Second            // between two pings of the clocks
	heartbeatTimeout = 30 * time.Second       // a worker that sends nothing for so long is lost
	helloRetry       = 500 * time.Millisecond // until its Hello is requested again
	pingBurst        = 16                     // pings in a row, before the load and after it
	detachTimeout    = time.Second            // for a worker to end after its stdin
)

// Pool is workers that run and are attached.
type Pool struct {
	cfg   Config
	job   job
	clock timeline.Clock
	conns []*workerConn
	pool  []wire.Hello // like links

	ctx          context.Context // of the streams
	closeStreams context.CancelFunc
	streams      sync.WaitGroup
	remote       sync.WaitGroup // of the streams, those through the API server
	lost         chan struct{}
	losing       sync.Once

	load atomic.Pointer[merge]

	closing  sync.Mutex
	detached bool // the streams have been closed
	closed   bool
}

// Start creates the workers. It returns when all of them are attached and their
// clocks are measured; else nothing is left, and the error is the reason, with
// a hint. Close has to be called.
func Start(ctx context.Context, cfg Config) (*Pool, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	c := newPool(cfg.withDefaults())
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func newPool(cfg Config) *Pool {
	if cfg.attach == nil {
		cfg.attach = cfg.attachPod
	}
	c := &Pool{cfg: cfg, job: job{cfg}, clock: timeline.NewClock(), lost: make(chan struct{})}
	c.ctx, c.closeStreams = context.WithCancel(context.Background())
	return c
}

func (c *Pool) start(ctx context.Context) error {
	if err := c.job.create(ctx); err != nil {
		return err
	}
	fmt.Fprintf(c.cfg.Log, "waiting for %d workers\n", c.cfg.Count)
	waiting, cancel := context.WithTimeout(ctx, c.cfg.StartTimeout)
	defer cancel()
	pods, err := c.job.await(waiting)
	if err == nil {
		c.attach(pods)
		err = c.handshake(waiting)
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
	for _, l := range c.conns {
		c.streams.Go(func() { c.keepMeasuring(l) })
	}
	c.logWorkers()
	return nil
}

// attach connects to the pods.
func (c *Pool) attach(pods []corev1.Pod) {
	for i := range pods {
		c.conns = append(c.conns, newWorkerConn(i, pods[i].Name, c.clock, c.record))
	}
	for _, l := range c.conns {
		in, commands := io.Pipe()
		messages, out := io.Pipe()
		c.streams.Go(func() { l.write(commands) })
		c.streams.Go(func() { l.read(messages) })
		c.streams.Go(func() { c.watch(l) })
		c.remote.Go(func() {
			err := c.cfg.attach(c.ctx, l.pod, in, out, &l.stderr)
			out.CloseWithError(cmp.Or(err, io.EOF)) // what was sent before is still read
			in.CloseWithError(errStreamEnded)
		})
		context.AfterFunc(c.ctx, func() { commands.Close(); messages.Close() })
	}
}

// record adds attempts of a worker. Without a load they are of one that was
// cancelled.
func (c *Pool) record(l *workerConn, attempts []timeline.Attempt) {
	if m := c.load.Load(); m != nil {
		m.add(l.index, l.fixOffset(), attempts)
	}
}

// Close ends the workers: it closes the streams, deletes the Job, and waits
// until its pods are removed, for up to a minute, independent of the context of
// Start. It may be called again, and does nothing if the first call succeeded.
func (c *Pool) Close() error {
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed {
		return nil
	}
	if !c.detached {
		c.detach()
		c.detached = true
	}
	ctx, cancel := context.WithTimeout(context.Background(), deleteTimeout)
	defer cancel()
	if err := c.job.remove(ctx); err != nil {
		return hint.New(err, fmt.Sprintf("delete it by hand: %s delete job %s -n %s", c.cfg.Kubectl, c.cfg.name(), c.cfg.Namespace))
	}
	c.closed = true
	return nil
}

// detach ends the workers by the end of their stdin, and closes the streams of
// those that still run a moment later.
func (c *Pool) detach() {
	c.losing.Do(func() {}) // from here on no worker is reported as lost
	for _, l := range c.conns {
		close(l.noMoreCommands)
	}
	ended := make(chan struct{})
	go func() { c.remote.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(detachTimeout):
	}
	c.closeStreams()
	<-ended
	c.streams.Wait()
}

// watch reports when the first worker is lost. Closing the streams is no loss.
func (c *Pool) watch(l *workerConn) {
	select {
	case <-l.lost:
		if c.ctx.Err() == nil {
			c.losing.Do(func() { close(c.lost) })
		}
	case <-c.ctx.Done():
		l.fail(context.Canceled)
	}
}

// handshake asks every worker for its Hello. The first responses may be lost: a
// runtime connects stdin a moment before it does stdout.
func (c *Pool) handshake(ctx context.Context) error {
	c.pool = make([]wire.Hello, len(c.conns))
	return c.each(func(l *workerConn) error {
		for {
			l.send(wire.Command{Hello: true})
			select {
			case h := <-l.hello:
				c.pool[l.index] = h
				return checkVersion(h)
			case <-l.lost:
				return c.job.explain(l)
			case <-ctx.Done():
				return fmt.Errorf("worker %s is attached, and does not respond", l.pod)
			case <-time.After(helloRetry):
			}
		}
	})
}

// measure pings every worker a few times in a row.
func (c *Pool) measure(ctx context.Context) error {
	return c.each(func(l *workerConn) error {
		for len(l.pongs) > 0 {
			<-l.pongs // of earlier pings
		}
		for range pingBurst {
			l.send(l.nextPing())
			select {
			case <-l.pongs:
			case <-l.lost:
				return c.job.explain(l)
			case <-ctx.Done():
				return fmt.Errorf("worker %s stopped responding: %w", l.pod, context.Cause(ctx))
			}
		}
		return nil
	})
}

// each runs a function with all connections at the same time, and returns the
// error of the first that has one.
func (c *Pool) each(do func(*workerConn) error) error {
	errs := make([]error, len(c.conns))
	var all sync.WaitGroup
	for i, l := range c.conns {
		all.Go(func() { errs[i] = do(l) })
	}
	all.Wait()
	return cmp.Or(errs...)
}

// keepMeasuring pings a worker as long as it runs: clocks drift.
func (c *Pool) keepMeasuring(l *workerConn) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-l.lost:
			return
		case <-tick.C:
			l.send(l.nextPing())
			if l.silentFor() > heartbeatTimeout {
				l.fail(fmt.Errorf("no message from it for %v", heartbeatTimeout))
			}
		}
	}
}

// logWorkers writes the names and nodes of the workers.
func (c *Pool) logWorkers() {
	nodes := map[string]bool{}
	for _, h := range c.pool {
		nodes[h.Node] = true
	}
	var worst time.Duration
	for _, k := range c.Clocks() {
		worst = max(worst, k.Uncertainty)
	}
	fmt.Fprintf(c.cfg.Log, "%d workers on %d nodes, clocks compared to within %v\n", len(c.conns), len(nodes), worst)
}

// Clocks are as measured until now, one of each worker.
func (c *Pool) Clocks() []Clock {
	all := make([]Clock, len(c.conns))
	for i, l := range c.conns {
		e := l.estimate()
		all[i] = Clock{Node: c.pool[i].Node, Skew: e.skew, Uncertainty: e.uncertainty}
	}
	return all
}

// Lost is closed when a worker is lost, so that a trial need not continue until
// stop returns the reason.
func (c *Pool) Lost() <-chan struct{} { return c.lost }
