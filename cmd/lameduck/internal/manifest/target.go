package manifest

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"

// checkTarget makes sure that the port of the pods exists. Kubernetes accepts a
// name that no container has, and then the Service has no endpoint. It accepts a
// number that none declares, which is right only if the process listens there.
func (f front) checkTarget(p *Pod) {
	if f.service == nil || len(f.service.Ports) == 0 {
		return
	}
	switch {
	case f.target.Number == 0:
		f.at.failHint("name the container port so, or give its number as targetPort",
			"the Service sends to port %s, which no container has", document.Display(f.target.Name))
	case len(p.Ports) > 0 && !p.Declares(f.target.Number):
		f.at.note("Service %s sends to port %d of the pods, which container %s does not declare (it has %s)",
			document.Display(f.service.Name), f.target.Number, document.Display(p.Container), portList(p.Ports))
	}
	if probed := p.probedPort(); probed != 0 && f.target.Number != 0 && probed != f.target.Number {
		f.at.note("the readiness probe asks port %d, and Service %s sends to port %d: a pod is ready whether or not it serves there",
			probed, document.Display(f.service.Name), f.target.Number)
	}
}
