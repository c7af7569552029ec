// Package labtrial makes trials that run in the lab.
package labtrial

import (
	"context"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// Config is a trial of the lab's pods under the load. The trial sets the
// setting's Clock and Emit.
func Config(setting lab.Config, action lab.Action, load traffic.Config) trial.Config {
	spec := trial.Spec(&setting.Workload.Pod)
	spec.Propagation, spec.Command = setting.Propagation.String(), setting.Command
	load.Host = setting.Workload.Name // as lab's Stage sends it
	return trial.Config{
		Name: "lab", Action: string(action), Seed: setting.Seed, Replicas: setting.Workload.Replicas, Nodes: setting.Nodes, Spec: spec, Traffic: load, ReadyTimeout: setting.ReadyTimeout,
		Open: func(ctx context.Context, clock timeline.Clock, emit func(timeline.Event)) (trial.Stage, error) {
			setting.Clock, setting.Emit = clock, emit
			return lab.Open(ctx, setting, action)
		},
	}
}
