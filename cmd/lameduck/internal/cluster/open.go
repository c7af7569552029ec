package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// Open checks what the user may do and whether the workload is ready to be
// tried, and begins to watch it. Nothing is changed yet. Close has to be
// called.
func Open(ctx context.Context, cfg Config) (*Stage, error) {
	s := &Stage{
		cfg: cfg, client: cfg.Access.Client, target: cfg.Target, action: cfg.Action, node: cfg.Node, watchFor: cfg.WatchFor,
		readyTimeout: cmp.Or(cfg.ReadyTimeout, defaultReadyTimeout),
	}
	s.undo = undo{connect: cfg.Access.fresh, log: cfg.Log}
	if err := missingPermissions(ctx, s.client, s.target.namespace, cfg.permissions()); err != nil {
		return nil, err
	}
	if err := s.untilReady(ctx); err != nil {
		return nil, err
	}
	s.replicas = cfg.ReplicaCount()
	var err error
	if s.observer, err = observe(ctx, s.client, s.target, cfg.Clock, cfg.Emit, cfg.Log); err != nil {
		return nil, err
	}
	return s, nil
}

// untilReady waits until the workload has settled, for example after a rollout,
// or after the last trial.
func (s *Stage) untilReady(ctx context.Context) error {
	if s.target.Ready() != nil && s.target.settling() && s.cfg.Log != nil {
		fmt.Fprintf(s.cfg.Log, "waiting for %s: %s\n", s.target, s.target.notRolledOut)
	}
	for deadline := time.Now().Add(s.readyTimeout); ; {
		err := s.target.Ready()
		if err == nil || !s.target.settling() || time.Now().After(deadline) {
			return err
		}
		if err := kube.Sleep(ctx, poll); err != nil {
			return err
		}
		now, err := readWorkload(ctx, s.client, s.target.namespace, s.target.ref)
		if err != nil {
			return err
		}
		s.target.workload = now
	}
}

// Start brings the workload to the number of replicas, starts the workers or
// the control target, and begins to compare clocks.
func (s *Stage) Start(ctx context.Context) error {
	if s.replicas != s.target.replicas {
		s.undoScale(s.target.replicas)
		if err := s.withLimits(ctx, func(ctx context.Context) error {
			if err := s.scale(ctx, s.client, s.replicas); err != nil {
				return err
			}
			return s.settled(ctx, nil, s.replicas)
		}); err != nil {
			return err
		}
	}
	s.clocks = compareClocks(s.client, s.cfg.Clock, s.cfg.Log)
	s.proxies = watchProxies(s.cfg.Access.Core, s.observer, s.clocks)
	var err error
	if s.cfg.URL != nil {
		s.control, err = control.Start(ctx)
		return err
	}
	pool := s.cfg.workers()
	pool.Waiting = func(why string) { s.waitFor("the workers: " + why) }
	defer s.waitFor("")
	if s.pool, err = workers.Start(ctx, pool); err != nil {
		return err
	}
	s.clocks.measure(s.pool.Clocks())
	return nil
}

// errLost is what Act returns when a worker is lost; the reason is in the error
// of stopping the load.
var errLost = errors.New("the trial has ended early")

// errTooLong ends an action that takes longer than the user allows.
var errTooLong = errors.New("the action takes too long")

// Act runs the action once, as long as no worker and no watch is lost and the
// time is not over.
func (s *Stage) Act(ctx context.Context) error { return s.withLimits(ctx, s.perform) }

// withLimits runs a function until a worker or a watch is lost, or the time is
// over.
func (s *Stage) withLimits(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if s.pool != nil {
		go func() {
			select {
			case <-s.pool.Lost():
				cancel(errLost)
			case <-ctx.Done():
			}
		}()
	}
	watched := s.observer.watches.ctx
	defer context.AfterFunc(watched, func() { cancel(context.Cause(watched)) })()
	if s.cfg.ActionTimeout > 0 && s.action != timeline.Watch {
		defer time.AfterFunc(s.cfg.ActionTimeout, func() { cancel(errTooLong) }).Stop()
	}
	err := do(ctx)
	switch cause := context.Cause(ctx); {
	case err == nil || cause == nil:
		return err
	case cause == errTooLong:
		return s.unsettled(fmt.Errorf("%s of %s has not ended after %v", s.action, s.target, s.cfg.ActionTimeout))
	case cause == context.Cause(watched):
		return cause // the error of the action may have the same reason, with fewer details
	}
	return err
}

// Load sends the traffic, from here or from the workers.
func (s *Stage) Load(ctx context.Context, spec traffic.Spec, env traffic.Env) (stop func() error, err error) {
	record := env.Record
	env.Record = func(a timeline.Attempt) {
		a.Pod = s.observer.podOf(&a)
		record(a)
	}
	if s.pool != nil {
		address, err := s.target.address()
		if err != nil {
			return nil, err
		}
		return s.pool.Load(ctx, []string{address}, spec, env)
	}
	// Traffic that is sent from here enters through the host of the URL.
	env.Dial, env.Nodes = []traffic.Dialer{traffic.DialTo(s.cfg.URL.Host)}, []string{s.cfg.URL.Hostname()}
	return s.control.Beside(ctx, spec.Detect(ctx, env), env), nil
}

// Uncontrolled is the error for a trial with workers that do not serve each
// other.
func (s *Stage) Uncontrolled(err error) error {
	if s.pool == nil {
		return hint.New(err, "the control target is a process on this machine: is it too busy?")
	}
	return hint.New(fmt.Errorf("the workers do not reach each other: %w", err),
		fmt.Sprintf("each is the control target of another: a NetworkPolicy in namespace %s has to allow TCP port %d between pods with the label app.kubernetes.io/name=lameduck; the only worker of --workers 1 is its own control target", s.target.namespace, wire.ControlPort))
}

// Skews are how far the clocks of the nodes are from ours, as far as that was
// measured.
func (s *Stage) Skews() []timeline.Skew { return s.clocks.skews(s.pool) }

// Close restores everything, and ends what was started: the two at the same
// time, as either may have to wait for the API server.
func (s *Stage) Close() error {
	var undone, ended error
	var both sync.WaitGroup
	both.Go(func() { undone = s.undo.all() })
	if s.pool != nil {
		ended = s.pool.Close()
	}
	both.Wait()
	if s.control != nil {
		s.control.Close()
	}
	s.proxies.close()
	s.clocks.close()
	s.observer.Close()
	return hint.Join(undone, ended)
}

// ParseURL reads the URL that clients connect to.
func ParseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, hint.New(fmt.Errorf("--url: %w", err), "as in http://192.0.2.1:30080/path")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, hint.New(fmt.Errorf("--url %q is not an http:// or https:// URL", s), "as in http://192.0.2.1:30080/path")
	}
	if u.User != nil {
		return nil, hint.New(errors.New("--url has a user name, which the load does not send"), "leave it out, and add --header 'Authorization: ...'")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	return u, nil
}
