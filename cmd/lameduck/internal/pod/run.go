package pod

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// run runs the containers, one after the other, until the pod is to terminate.
// It is the one goroutine that emits events.
func (p *Pod) run(c *container) {
	defer close(p.done)
	defer p.end()
	defer func() { p.current.Load().Close() }()
	p.emit(timeline.Event{Kind: timeline.Started})
	for restarts := 0; ; restarts++ {
		p.runContainer(c)
		if time.Since(c.began) >= backoffReset {
			restarts = 0
		}
		if c = p.restart(&restarts); c == nil {
			return
		}
		p.emit(timeline.Event{Kind: timeline.Restarted})
	}
}

// runContainer is one container, from its start to its exit.
func (p *Pod) runContainer(c *container) {
	stopKill := context.AfterFunc(p.podCtx, func() { _ = c.Signal(syscall.SIGKILL) })
	defer stopKill()
	defer c.workers.Wait()
	defer c.stop()
	p.startProbes(c)
	if p.await(c.stopCtx, c) {
		return
	}
	if bad, ok := errors.AsType[*unhealthy](context.Cause(c.stopCtx)); ok {
		p.stop(c, p.killGrace(bad.kind), bad.Error())
		return
	}
	if p.podCtx.Err() != nil {
		p.await(unlimited, c) // SIGKILL was sent above
		return
	}
	p.stop(c, p.grace, "")
}

// killGrace is the grace period of a container that fails its liveness or
// startup probe: the probe's own (KEP-2238), or the pod's.
func (p *Pod) killGrace(kind probeKind) time.Duration {
	pr := p.plan.liveness
	if kind == startup {
		pr = p.plan.startup
	}
	if pr.Grace > 0 {
		return pr.Grace
	}
	return p.cfg.Spec.Grace
}

// restart starts the container again, after the backoff. It is nil if the pod
// is to terminate: a container that has exited is not restarted then.
func (p *Pod) restart(restarts *int) *container {
	for {
		if sleep(p.terminateCtx, backoff(*restarts)) != nil || p.terminateCtx.Err() != nil {
			return nil
		}
		c, err := p.newContainer()
		if err == nil {
			return c
		}
		p.status.failed(err)
		*restarts++
	}
}
