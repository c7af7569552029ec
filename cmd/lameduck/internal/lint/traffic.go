package lint

import "slices"

// traffic are the Services whose clients lose connections with a pod: not those
// that only a monitoring system reads.
func (w *workload) traffic() []*service {
	var all []*service
	for _, s := range w.services {
		if !s.metricsOnly() {
			all = append(all, s)
		}
	}
	return all
}

// serves reports whether clients reach the container through a Service.
func (c *container) serves() bool { return len(c.served()) > 0 }

// served are the ports of Services that lead clients to the container.
func (c *container) served() []servedPort {
	var all []servedPort
	for _, s := range c.workload.traffic() {
		for _, p := range s.ports {
			if !p.metrics() && p.target(c.workload) == c {
				all = append(all, servedPort{p, s})
			}
		}
	}
	return all
}

// servedPort is a port of a Service.
type servedPort struct {
	servicePort
	service *service
}

// alone is a Service of w's clients that selects the pods of no other workload, so
// that it has no endpoint without w's pods; nil if there is none. A second object of
// the same name is the same workload, for another environment.
func (w *workload) alone() *service {
	for _, s := range w.traffic() {
		if !slices.ContainsFunc(s.workloads, func(other *workload) bool {
			n, known := other.replicas()
			return (other.Kind != w.Kind || other.Name != w.Name) && (n > 0 || !known)
		}) {
			return s
		}
	}
	return nil
}
