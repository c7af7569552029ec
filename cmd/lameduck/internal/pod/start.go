package pod

import (
	"context"
	"os"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// Start starts the pod's process. It fails if the manifest asks for something
// that cannot be done here, or if the command cannot be run; a process that
// ends later is restarted, as in Kubernetes. When ctx ends the pod is killed.
func Start(ctx context.Context, cfg Config) (*Pod, error) { return start(ctx, cfg, launch) }

func start(ctx context.Context, cfg Config, launch func(sandbox.Config) (process, error)) (*Pod, error) {
	plan, err := newPlan(&cfg, os.Environ())
	if err != nil {
		return nil, err
	}
	p := &Pod{cfg: cfg, plan: plan, launch: launch, lines: newLines(cfg.Name, cfg.Log), done: make(chan struct{})}
	p.podCtx, p.end = context.WithCancel(ctx)
	p.terminateCtx, p.beginTermination = context.WithCancel(p.podCtx)
	p.port.Store(int32(cfg.Port))
	c, err := p.newContainer()
	if err != nil {
		p.end()
		return nil, err
	}
	go p.run(c)
	return p, nil
}
