package main

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/lameduck-dev/lameduck"
)

// A termination is a span, and one in it for each phase up to the closers:
// that of the closers could not be exported, for the exporter is one of them.
type termination struct {
	tracer      trace.Tracer
	whole, part trace.Span
}

// observe receives each change of phase, one at a time.
func (t *termination) observe(s lameduck.Status) {
	if t.part != nil {
		t.part.SetAttributes(attribute.Int("late_connections", s.LateConnections), attribute.Int("late_requests", s.LateRequests))
		t.part.End()
		t.part = nil
	}
	switch s.Phase {
	case lameduck.PhaseServing, lameduck.PhaseEnded:
	case "closers":
		t.whole.SetAttributes(attribute.Int("cut", s.Cut))
		t.whole.End()
	default:
		ctx := context.Background()
		if t.whole == nil {
			ctx, t.whole = t.tracer.Start(ctx, "termination", trace.WithAttributes(attribute.String("by", s.By)))
		}
		_, t.part = t.tracer.Start(trace.ContextWithSpan(ctx, t.whole), string(s.Phase))
	}
}

// measure has the open connections and what is in flight collected.
func measure(p *lameduck.Process, m metric.Meter) error {
	connections, err := m.Int64ObservableGauge("lameduck.connections", metric.WithDescription("open connections"))
	if err != nil {
		return err
	}
	inFlight, err := m.Int64ObservableGauge("lameduck.in_flight", metric.WithDescription("what has begun and not ended"))
	if err != nil {
		return err
	}
	_, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := p.Status()
		o.ObserveInt64(connections, int64(s.Connections))
		o.ObserveInt64(inFlight, int64(len(s.InFlight)))
		return nil
	}, connections, inFlight)
	return err
}
