package model

// HostPort is a port of the node that a container asks for, 0 if none does. On the
// network of the host every declared port is one: the scheduler puts no second pod
// with it on the node.
func (w *Workload) HostPort() int {
	onHost := w.Pod.Get("hostNetwork").True()
	for _, c := range w.Containers {
		for _, p := range c.Get("ports").Items() {
			if port := p.Get("hostPort").IntOr(0); port != 0 {
				return port
			}
			if onHost {
				if port := p.Get("containerPort").IntOr(0); port != 0 {
					return port
				}
			}
		}
	}
	return 0
}
