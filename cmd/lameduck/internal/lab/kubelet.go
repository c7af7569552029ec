package lab

import (
	"context"
	"net/netip"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/pod"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// kubelets starts real pods for a lab.
func kubelets(cfg Config, isolated bool) launch {
	return func(ctx context.Context, name string, ip netip.Addr, emit func(timeline.Event)) (process, error) {
		p, err := pod.Start(ctx, pod.Config{
			Name:              name,
			Namespace:         cfg.Workload.Namespace,
			Spec:              cfg.Workload.Pod,
			Command:           cfg.Command,
			Port:              cfg.Workload.Target.Number,
			ReadyByConnecting: cfg.ReadyByConnecting,
			Isolated:          isolated,
			IP:                ip,
			Clock:             cfg.Clock,
			Emit:              emit,
			Log:               cfg.Log,
			Note:              cfg.Note,
		})
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}
