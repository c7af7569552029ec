package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

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
			fmt.Fprintf(cfg.Log, "pods share the loopback address of this machine (%v): each gets a free port in PORT and has to listen there. "+
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

// Start creates the replicas. It returns when all of them are available
// (ready for minReadySeconds), every node knows them, and they listen on the
// port of the load. On an error, which is a *timeline.NeverReadyError if a pod did not
// become ready, nothing is left running.
func (l *Lab) Start(ctx context.Context) error {
	err := l.await(ctx, func() ([]func(), error) {
		return []func(){func() { l.loop.replicas, l.loop.op.listening = l.loop.cfg.Workload.Replicas, true }}, nil
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
// pod does not become ready in time the error is a *timeline.NeverReadyError, and the
// pods stay as they are. When ctx ends Act returns immediately, and what it
// began continues until Close.
func (l *Lab) Act(ctx context.Context, a timeline.Action) error {
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
