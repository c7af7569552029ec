package model

import (
	"cmp"
	"slices"
)

// Traffic are the Services whose clients may lose connections when a pod ends: not those
// that only a monitoring system, or the pods themselves, use. Findings name the first.
func (w *Workload) Traffic() []*Service {
	return slices.DeleteFunc(slices.Clone(w.services), func(s *Service) bool { return s.MetricsOnly() || s.MembersOnly() })
}

// byClients sorts the Services of w: first those that most clients use, and of several the one
// that is named as w is.
func (w *Workload) byClients() {
	other := func(s *Service) int {
		if s.Name == w.Name {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(w.services, func(a, b *Service) int {
		return cmp.Or(cmp.Compare(b.clients(), a.clients()), cmp.Compare(other(a), other(b)))
	})
}

// clients is a rank of the clients that a Service has: those outside of the cluster, those
// inside, the other pods of a StatefulSet, the API server alone.
func (s *Service) clients() int {
	kind := s.Get("spec", "type").Text()
	switch {
	case s.OnlyWebhook() != nil:
		return 0
	case kind == "LoadBalancer" || s.Route != nil:
		return 5
	case kind == "NodePort":
		return 4
	case !s.Headless:
		return 3
	case !s.ForPeers():
		return 2
	}
	return 1
}

// Serves reports whether clients reach the container through a Service.
func (c *Container) Serves() bool { return len(c.Served()) > 0 }

// Served are the ports of Services that send clients to the container.
func (c *Container) Served() []ServedPort {
	var all []ServedPort
	for _, s := range c.Workload.Traffic() {
		for _, p := range s.Ports {
			if !p.Metrics() && p.Target(c.Workload) == c && !c.GuardsMetrics() {
				all = append(all, ServedPort{p, s})
			}
		}
	}
	return all
}

// ServedPort is a port of a Service, with the Service.
type ServedPort struct {
	ServicePort
	Service *Service
}

// Alone is a Service of w's clients that selects the pods of no other workload, so
// that it has no endpoint without w's pods; nil if there is none. A second object of
// the same name is the same workload, for another environment.
func (w *Workload) Alone() *Service {
	for _, s := range w.Traffic() {
		if !slices.ContainsFunc(s.Workloads, func(other *Workload) bool {
			n, known := other.Replicas()
			return (other.Kind != w.Kind || other.Name != w.Name) && (n > 0 || !known)
		}) {
			return s
		}
	}
	return nil
}
