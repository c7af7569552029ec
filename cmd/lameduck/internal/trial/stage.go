package trial

import (
	"context"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
)

// labStage is a lab with its action chosen.
type labStage struct {
	*lab.Lab
	action lab.Action
}

func newLabStage(cfg Config, rec *recorder) (*labStage, error) {
	l, err := lab.New(lab.Config{
		Workload: cfg.Workload, Command: cfg.Command, Nodes: cfg.Nodes, Propagation: cfg.Propagation, Seed: cfg.Seed,
		ReadyTimeout: cfg.ReadyTimeout, ReadyByConnecting: cfg.ReadyByConnecting,
		Clock: rec.clock, Log: cfg.Log, Emit: rec.event,
	})
	if err != nil {
		return nil, err
	}
	return &labStage{l, cfg.Action}, nil
}

func (s *labStage) Act(ctx context.Context) error { return s.Lab.Act(ctx, s.action) }
