// Package labtrial makes trials that run in the lab.
package labtrial

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// Config is a trial of the lab's pods under the load. The trial sets the
// setting's Clock and Emit.
func Config(setting lab.Config, action timeline.Action, load traffic.Spec) trial.Config {
	spec := trial.Spec(&setting.Workload.Pod)
	spec.Propagation, spec.Command = setting.Propagation.String(), setting.Command
	if host := probedHost(&setting.Workload.Pod); load.Host == "" && host != "" {
		load.Host = host
		if setting.Note != nil {
			setting.Note(fmt.Sprintf("requests have the Host header of the probe, %s (--host changes it)", host))
		}
	}
	load.Host = cmp.Or(load.Host, setting.Workload.Name)
	return trial.Config{
		Name: "lab", Action: action, Seed: setting.Seed, Replicas: setting.Workload.Replicas, Nodes: setting.Nodes, Spec: spec, Traffic: load, ReadyTimeout: setting.ReadyTimeout,
		Open: func(ctx context.Context, clock timeline.Clock, emit func(timeline.Event)) (trial.Stage, error) {
			setting.Clock, setting.Emit = clock, emit
			return lab.Open(ctx, setting, action)
		},
	}
}

// probedHost is the Host header of a probe, which a server asks for that answers no
// other name; empty if none has one. The readiness probe comes first.
func probedHost(pod *manifest.Pod) string {
	for _, probe := range []*manifest.Probe{pod.Readiness, pod.Startup, pod.Liveness} {
		if probe == nil || probe.HTTP == nil {
			continue
		}
		for _, header := range probe.HTTP.Headers {
			if strings.EqualFold(header[0], "Host") {
				return header[1]
			}
		}
	}
	return ""
}
