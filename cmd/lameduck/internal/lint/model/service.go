package model

import (
	"strconv"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

func newService(o *object.Object) *Service {
	spec := o.Get("spec")
	svc := &Service{Object: o, Headless: spec.Get("clusterIP").Text() == "None"}
	for _, p := range spec.Get("ports").Items() {
		port := ServicePort{Value: p, Name: p.Get("name").Text(), TargetPort: p.Get("targetPort").Text(), Protocol: p.Get("protocol").Text()}
		port.Number = p.Get("port").IntOr(0)
		if port.TargetPort == "" {
			port.TargetPort = p.Get("port").Text()
		}
		port.web = isWeb(port, o.Name)
		svc.Ports = append(svc.Ports, port)
	}
	return svc
}

// Target is the container of w that serves the port: the one that declares it, or
// else the only one there is; nil if that is not known.
func (p ServicePort) Target(w *Workload) *Container {
	var others []*Container
	for _, c := range w.Containers {
		if c.HasPort(p.TargetPort) {
			return c
		}
		if !c.Sidecar {
			others = append(others, c)
		}
	}
	if len(others) == 1 {
		return others[0]
	}
	return nil
}

func (p ServicePort) TCP() bool { return p.Protocol == "" || p.Protocol == "TCP" }

// Written is the target port as a manifest has it: a number, or a name.
func (p ServicePort) Written() any {
	if n, err := strconv.Atoi(p.TargetPort); err == nil {
		return n
	}
	return p.TargetPort
}

// ForPeers reports whether the members of a cluster find each other by the Service before they
// are ready: it gives the pods of a StatefulSet their names, or is for members only.
func (s *Service) ForPeers() bool {
	if s.MembersOnly() {
		return true
	}
	for _, w := range s.Workloads {
		if s.Headless && w.Get("spec", "serviceName").Text() == s.Name {
			return true
		}
	}
	return false
}

// UDP are the ports for datagrams.
func (s *Service) UDP() (ports []ServicePort) {
	for _, p := range s.Ports {
		if p.Protocol == "UDP" {
			ports = append(ports, p)
		}
	}
	return ports
}
