package model

import "slices"

// Traffic are the Services whose clients may lose connections when a pod ends: not those
// that only a monitoring system reads. Those with clients outside of the cluster come first:
// findings name one Service.
func (w *Workload) Traffic() []*Service {
	var all []*Service
	for _, s := range w.services {
		if !s.MetricsOnly() {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b *Service) int { return b.outside() - a.outside() })
	return all
}

// outside is 1 if clients outside of the cluster connect to the Service, else 0.
func (s *Service) outside() int {
	if t := s.Get("spec", "type").Text(); t == "LoadBalancer" || t == "NodePort" {
		return 1
	}
	return 0
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
