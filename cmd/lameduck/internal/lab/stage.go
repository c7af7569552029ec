package lab

import (
	"context"
	"fmt"
	"net"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// Stage is a lab for one trial: its action is chosen, and the control target
// runs beside the pods.
type Stage struct {
	*Lab
	action  timeline.Action
	control *control.Target
}

// Open starts the control target and prepares a lab. Close has to be called.
func Open(ctx context.Context, cfg Config, action timeline.Action) (*Stage, error) {
	target, err := control.Start(ctx)
	if err != nil {
		return nil, fmt.Errorf("control target: %w", err)
	}
	l, err := New(cfg)
	if err != nil {
		target.Close()
		return nil, err
	}
	return &Stage{Lab: l, action: action, control: target}, nil
}

// Act runs the action.
func (s *Stage) Act(ctx context.Context) error { return s.Lab.Act(ctx, s.action) }

// Load sends traffic through every node in turn, and to the control target,
// until stop is called.
func (s *Stage) Load(ctx context.Context, spec traffic.Spec, env traffic.Env) (stop func() error, err error) {
	for node := range s.nodes {
		env.Nodes = append(env.Nodes, s.nodes[node].name)
		env.Dial = append(env.Dial, func(ctx context.Context) (net.Conn, string, error) { return s.Dial(ctx, node) })
	}
	return s.control.Beside(ctx, spec.Detect(ctx, env), env), nil
}

// Close ends the pods, and then the control target.
func (s *Stage) Close() error {
	err := s.Lab.Close()
	s.control.Close()
	return err
}
