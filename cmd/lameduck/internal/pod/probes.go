package pod

import (
	"context"
	"fmt"
)

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
		pr.run(ctx, &c.probed, p.cfg.IP.String(), func(v probeResult) {
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
