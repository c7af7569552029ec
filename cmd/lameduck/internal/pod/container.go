package pod

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// container is one run of the pod's process, with its probes.
type container struct {
	process
	began time.Time
	note  func(probeKind, error)

	results      chan probeResult
	found        chan netip.AddrPort // the port it was first seen to listen on
	probes       context.Context     // ends with the process
	stop         context.CancelFunc
	livenessCtx  context.Context // liveness and startup probes; ends when termination begins
	stopLiveness context.CancelFunc
	stopCtx      context.Context // ends when the container is to be stopped, for any reason
	stopBecause  context.CancelCauseFunc
	workers      sync.WaitGroup

	started, listens, ready, ended bool     // of the pod's goroutine
	wrapper                        string   // what process 1 is, if it is not the server; of the same goroutine
	idleness                       idleness // of Trouble

	queue *queueWatch
}

func (p *Pod) newContainer() (*container, error) {
	proc, err := p.launch(sandbox.Config{
		Path: p.plan.argv[0], Args: p.plan.argv[1:], Env: p.plan.env, Dir: p.cfg.Dir,
		Hostname: p.cfg.Name, IP: p.cfg.IP, Isolated: p.cfg.Isolated, Output: p.lines,
		SharesProcesses: p.cfg.Spec.SharesProcesses,
	})
	if err != nil {
		return nil, err
	}
	c := &container{process: proc, began: time.Now(), note: p.status.probed,
		results: make(chan probeResult), found: make(chan netip.AddrPort), queue: newQueueWatch()}
	c.probes, c.stop = context.WithCancel(p.podCtx)
	c.livenessCtx, c.stopLiveness = context.WithCancel(c.probes)
	c.stopCtx, c.stopBecause = context.WithCancelCause(p.terminateCtx)
	if old := p.current.Swap(c); old != nil {
		old.Close()
	}
	return c, nil
}

// startProbes starts the probes of a new container.
func (p *Pod) startProbes(c *container) {
	p.status.reset()
	c.workers.Go(func() { p.findPort(c) })
	if p.plan.startup != nil {
		p.probe(c, p.plan.startup, c.livenessCtx)
		return
	}
	p.startupPassed(c)
}

// startupPassed is called when there is no startup probe, or when it has
// passed.
func (p *Pod) startupPassed(c *container) {
	c.started = true
	if p.plan.liveness != nil {
		p.probe(c, p.plan.liveness, c.livenessCtx)
	}
	switch {
	case p.plan.readiness != nil:
		p.probe(c, p.plan.readiness, c.probes)
	case p.cfg.ReadyByConnecting:
		p.tryConnecting(c)
	default:
		p.setReady(c, true, "")
	}
}

// tryConnecting is called when the container has started and when it was seen
// to listen; the second of the two counts.
func (p *Pod) tryConnecting(c *container) {
	if c.started && c.listens && p.cfg.ReadyByConnecting && p.plan.readiness == nil {
		c.workers.Go(func() { p.connect(c, int(p.port.Load())) })
	}
}

func (p *Pod) probe(c *container, pr *probe, ctx context.Context) {
	c.workers.Go(func() {
		pr.run(ctx, c, p.cfg.IP.String(), func(v probeResult) {
			select {
			case c.results <- v:
			case <-ctx.Done():
			}
		})
	})
}

// onProbe handles a changed result of a probe.
func (p *Pod) onProbe(c *container, v probeResult) {
	switch {
	case v.kind == readiness:
		p.setReady(c, v.ok, v.reason)
	case !v.ok:
		c.stopBecause(&unhealthy{v})
	case v.kind == startup && !c.started:
		p.startupPassed(c)
	}
}

// unhealthy is why a container is restarted.
type unhealthy struct{ probeResult }

func (u *unhealthy) Error() string { return fmt.Sprintf("%s probe failed: %s", u.kind, u.reason) }

// unlimited is an await without an end of its own.
var unlimited = context.Background()

// await handles the results of probes until the process exits or ctx ends.
func (p *Pod) await(ctx context.Context, c *container) (exited bool) {
	for {
		select {
		case <-c.Done():
			p.exited(c)
			return true
		case v := <-c.results:
			p.onProbe(c, v)
		case addr := <-c.found:
			p.listening(c, addr)
		case <-c.queue.news:
			p.emitQueue(c)
		case <-ctx.Done():
			return false
		}
	}
}
