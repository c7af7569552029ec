package pod

import (
	"context"
	"net/netip"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

func launch(cfg sandbox.Config) (process, error) {
	p, err := sandbox.Start(cfg)
	if err != nil {
		return nil, err
	}
	return p, nil
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
	c := &container{probed: probed{proc, time.Now(), p.status.probed},
		results: make(chan probeResult), found: make(chan netip.AddrPort), watches: newWatches()}
	c.probes, c.stop = context.WithCancel(p.podCtx)
	c.livenessCtx, c.stopLiveness = context.WithCancel(c.probes)
	c.stopCtx, c.stopBecause = context.WithCancelCause(p.terminateCtx)
	if old := p.current.Swap(c); old != nil {
		old.Close()
	}
	return c, nil
}
