package lint

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
func (c *container) serves() bool {
	for _, s := range c.workload.traffic() {
		for _, p := range s.ports {
			if !p.metrics() && p.target(c.workload) == c {
				return true
			}
		}
	}
	return false
}
