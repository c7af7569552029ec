package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

func newService(o *object.Object) *service {
	spec := o.Get("spec")
	svc := &service{Object: o, headless: spec.Get("clusterIP").Text() == "None"}
	for _, p := range spec.Get("ports").Items() {
		port := servicePort{Value: p, name: p.Get("name").Text(), targetPort: p.Get("targetPort").Text(), protocol: p.Get("protocol").Text()}
		port.number = p.Get("port").IntOr(0)
		if port.targetPort == "" {
			port.targetPort = p.Get("port").Text()
		}
		svc.ports = append(svc.ports, port)
	}
	return svc
}

// target is the container of w that serves the port: the one that declares it, or
// else the only one there is; nil if it cannot be known.
func (p servicePort) target(w *workload) *container {
	var others []*container
	for _, c := range w.containers {
		if c.hasPort(p.targetPort) {
			return c
		}
		if !c.sidecar {
			others = append(others, c)
		}
	}
	if len(others) == 1 {
		return others[0]
	}
	return nil
}

func (p servicePort) tcp() bool { return p.protocol == "" || p.protocol == "TCP" }

// written is the target port as a manifest has it: a number, or a name.
func (p servicePort) written() any {
	if n, err := strconv.Atoi(p.targetPort); err == nil {
		return n
	}
	return p.targetPort
}

// metricsNames are in the names of ports that monitoring, profilers and the kubelet
// read: their requests come again a little later, and no user waits for them.
var metricsNames = []string{"metric", "prom", "telemetry", "monitoring", "stats", "profil", "pprof", "probes"}

func (p servicePort) metrics() bool { return namesMetrics(p.name) || namesMetrics(p.targetPort) }

// metricsOnly reports whether only monitoring reads the Service.
func (s *service) metricsOnly() bool {
	if len(s.ports) == 0 {
		return false
	}
	if strings.Contains(s.Name, "exporter") {
		return true
	}
	named := s.namedForMetrics()
	for _, p := range s.ports {
		if !p.metrics() && !(named && slices.Contains(anyPort, strings.ToLower(p.name))) {
			return false
		}
	}
	return true
}

// anyPort are names of ports that leave open what comes through them.
var anyPort = []string{"", "http", "https", "web"}

// namedForMetrics reports whether the name of the Service ends with metrics, as in
// controller-manager-metrics-service. A metrics-server is an API.
func (s *service) namedForMetrics() bool {
	words := strings.Split(s.Name, "-")
	if last := words[len(words)-1]; len(words) > 1 && (last == "service" || last == "svc") {
		words = words[:len(words)-1]
	}
	return namesMetrics(words[len(words)-1])
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

// forPeers reports whether the Service is the one that gives the pods of a StatefulSet
// their names: members of a cluster find each other by it before they are ready.
func (s *service) forPeers() bool {
	for _, w := range s.workloads {
		if s.headless && w.Get("spec", "serviceName").Text() == s.Name {
			return true
		}
	}
	return false
}

// udp are the ports for datagrams.
func (s *service) udp() (ports []servicePort) {
	for _, p := range s.ports {
		if p.protocol == "UDP" {
			ports = append(ports, p)
		}
	}
	return ports
}
