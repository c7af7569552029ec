package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Config is what to run, and how.
type Config struct {
	Workload     *manifest.Workload // without a name: app; without a strategy: a Deployment's, 25% and 25%
	Command      []string           // the program and its arguments, in place of the image's
	Nodes        int                // how many views there are; default 3
	Propagation  Profile            // default rollout
	Seed         uint64             // the same seed draws the same lags and picks
	ReadyTimeout time.Duration      // how long a pod may take to become ready; default 60 s
	// ReadyByConnecting: a pod without a readiness probe is ready when its port
	// first accepts a connection. In Kubernetes it is ready once it has started.
	ReadyByConnecting bool
	Clock             timeline.Clock       // what events are timed by
	Log               io.Writer            // gets the output of the pods, a line at a time, and notes; may be nil
	Note              func(text string)    // called with each thing that the user should know of the pods, once; may be nil
	LastLines         io.Writer            // gets the last lines of a pod that does not become ready, where Log is nil; may be nil
	Emit              func(timeline.Event) // gets every event, from one goroutine, in order; must not block; may be nil
}

// Lab is a workload and a Service of its own. Its methods may be called from
// any goroutine.
type Lab struct {
	nodes []*node
	loop  *loop
	close context.CancelFunc
}

// New prepares a lab. Nothing runs yet, but Close has to be called. Where pods
// cannot have network namespaces (sandbox.Available) they run side by side on
// the loopback address, which is written to Log.
func New(cfg Config) (*Lab, error) {
	why := sandbox.Available()
	return newLab(cfg, func(cfg Config) launch {
		if why != nil {
			fmt.Fprintf(cfg.Log, "pods have no network namespace here (%v): each gets a free port in PORT and has to listen there. "+
				"Without a PID namespace an unhandled SIGTERM kills the process; in a container process 1 ignores it\n", why)
		}
		return kubelets(cfg, why == nil)
	})
}

func newLab(cfg Config, kubelets func(Config) launch) (*Lab, error) {
	if cfg.Workload.Replicas < 1 {
		return nil, hint.New(errors.New("the workload has no replicas"), "use --replicas 1 or more")
	}
	cfg = cfg.withDefaults()
	l := &Lab{}
	for i := range cfg.Nodes {
		l.nodes = append(l.nodes, newNode(i, cfg.Seed))
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.close = cancel
	l.loop = newLoop(ctx, cfg, l.nodes, kubelets(cfg))
	go l.loop.serve()
	return l, nil
}

func (c Config) withDefaults() Config {
	if c.Nodes < 1 {
		c.Nodes = 3
	}
	if c.ReadyTimeout == 0 {
		c.ReadyTimeout = time.Minute
	}
	if c.Log != nil || c.LastLines == nil {
		c.LastLines = io.Discard // Log has all lines
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	c.Log = sandbox.OneAtATime(c.Log)
	emit := c.Emit
	c.Emit = func(e timeline.Event) {
		if e.Source = timeline.SourceLab; emit != nil {
			emit(e)
		}
	}
	c.Note = once(c.Note)
	c.Propagation = c.Propagation.orDefault()
	if w := *c.Workload; w.Strategy.Type == "" {
		quarter := manifest.IntOrPercent{Value: 25, Percent: true}
		w.Strategy = manifest.Strategy{Type: "RollingUpdate", MaxSurge: quarter, MaxUnavailable: quarter}
		c.Workload = &w
	}
	return c
}

// Start creates the replicas. It returns when all of them are available
// (ready for minReadySeconds), every node knows them, and they listen on the
// port of the load. On an error, which is a *NeverReadyError if a pod did not
// become ready, nothing is left running.
func (l *Lab) Start(ctx context.Context) error {
	err := l.await(ctx, func() ([]func(), error) {
		return []func(){func() { l.loop.replicas = l.loop.cfg.Workload.Replicas }, func() { l.loop.op.listening = true }}, nil
	})
	if err == nil {
		return nil
	}
	if left := l.Close(); left != nil {
		return fmt.Errorf("%w (and then: %w)", err, left)
	}
	return err
}

// Waiting describes the pod that is waited for, once it has taken a while;
// empty if there is none.
func (l *Lab) Waiting() string { return *l.loop.waiting.Load() }

// Act runs an action. It returns when the action is complete: new pods are
// available, every terminated pod has exited, and all nodes are updated. If a
// pod does not become ready in time the error is a *NeverReadyError, and the
// pods stay as they are. When ctx ends Act returns immediately, and what it
// began continues until Close.
func (l *Lab) Act(ctx context.Context, a Action) error {
	return l.await(ctx, func() ([]func(), error) { return l.loop.steps(a) })
}

func (l *Lab) await(ctx context.Context, plan func() ([]func(), error)) error {
	op := &operation{done: make(chan error, 1)}
	l.loop.mail.post(func() { l.loop.begin(op, plan) })
	select {
	case err := <-op.done:
		return err
	case <-l.loop.ctx.Done():
		return errClosed
	case <-ctx.Done():
		l.loop.mail.post(func() { l.loop.abandon(op) })
		return context.Cause(ctx)
	}
}

var errNoEndpoint = fmt.Errorf("service has no endpoint: %w", syscall.ECONNREFUSED)

// Dial opens a connection as a client of the Service does, through the
// kube-proxy of this node (0 to Nodes-1). The pod is also named when the
// connection failed. Without an endpoint the error is an ECONNREFUSED, as after
// kube-proxy's REJECT.
func (l *Lab) Dial(ctx context.Context, node int) (conn net.Conn, pod string, err error) {
	e, ok := l.nodes[node].pick()
	if !ok {
		return nil, "", errNoEndpoint
	}
	conn, err = e.process.Dial(ctx)
	return conn, e.pod, err
}

// Close kills every pod and returns when all have exited. It may be called
// again.
func (l *Lab) Close() error {
	l.close()
	<-l.loop.ended
	return errors.Join(l.loop.closeErrs...)
}
