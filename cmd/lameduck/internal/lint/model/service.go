package model

import (
	"slices"
	"strconv"
	"strings"

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

// metricsNames are parts of the names of ports that monitoring, profilers and the kubelet
// read: these repeat their requests a little later, and no user waits for them.
var metricsNames = []string{"metric", "prom", "telemetry", "monitoring", "stats", "profil", "pprof", "probes"}

func (p ServicePort) Metrics() bool { return namesMetrics(p.Name) || namesMetrics(p.TargetPort) }

// MetricsOnly reports whether only monitoring reads the Service.
func (s *Service) MetricsOnly() bool {
	if len(s.Ports) == 0 {
		return false
	}
	if strings.Contains(s.Name, "exporter") {
		return true
	}
	last := s.lastWord()
	for _, p := range s.Ports {
		switch {
		case p.Metrics():
		case last == "metrics" && slices.Contains(anyPort, strings.ToLower(p.Name)):
		case len(s.Ports) == 1 && p.Name == "" && namesMetrics(last):
		default:
			return false
		}
	}
	return true
}

// anyPort are names of ports that do not show what the port is for.
var anyPort = []string{"", "http", "https", "web"}

// lastWord is metrics in controller-manager-metrics-service, and server in metrics-server,
// which is an API.
func (s *Service) lastWord() string {
	name := strings.TrimSuffix(strings.TrimSuffix(s.Name, "-service"), "-svc")
	return name[strings.LastIndex(name, "-")+1:]
}

func namesMetrics(name string) bool {
	name = strings.ToLower(name)
	for _, part := range metricsNames {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// ForPeers reports whether the Service is the one that gives the pods of a StatefulSet
// their names: members of a cluster find each other by it before they are ready.
func (s *Service) ForPeers() bool {
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
