package model

import (
	"net/url"
	"slices"
	"strings"
)

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
		case p.Metrics(), s.guarded(p):
		case last == "metrics" && slices.Contains(anyPort, strings.ToLower(p.Name)):
		case len(s.Ports) == 1 && p.Name == "" && namesMetrics(last):
		default:
			return false
		}
	}
	return true
}

// anyPort are names of ports that do not show what the port is for, or that no client but a
// monitoring system asks.
var anyPort = []string{"", "http", "https", "web", "status", "health", "healthz"}

// lastWord is metrics in controller-manager-metrics-service, and server in metrics-server,
// which is an API.
func (s *Service) lastWord() string {
	name := strings.TrimSuffix(strings.TrimSuffix(s.Name, "-service"), "-svc")
	return name[strings.LastIndex(name, "-")+1:]
}

// guarded reports whether p leads to metrics through a proxy only.
func (s *Service) guarded(p ServicePort) bool {
	for _, w := range s.Workloads {
		if c := p.Target(w); c == nil || !c.GuardsMetrics() {
			return false
		}
	}
	return len(s.Workloads) > 0
}

// GuardsMetrics reports whether the container is a kube-rbac-proxy in front of metrics: its
// upstream is a port of the pod that is named so, or that a flag for metrics names.
func (c *Container) GuardsMetrics() bool {
	if !strings.HasSuffix(c.imageName(), "kube-rbac-proxy") {
		return false
	}
	upstream, err := url.Parse(flagOf(c.words(), func(name string) bool { return name == "--upstream" }))
	if err != nil || upstream.Port() == "" {
		return false
	}
	port := upstream.Port()
	return slices.ContainsFunc(c.Workload.Containers, func(other *Container) bool {
		address := flagOf(other.words(), namesMetrics)
		return other != c && (strings.HasSuffix(address, ":"+port) || other.namesMetrics(port))
	})
}

// namesMetrics reports whether the container has that port under a name for metrics.
func (c *Container) namesMetrics(port string) bool {
	for _, p := range c.Get("ports").Items() {
		if p.Get("containerPort").Text() == port && namesMetrics(p.Get("name").Text()) {
			return true
		}
	}
	return false
}

// flagOf is the value of the first flag whose name is accepted: --name=value, or --name value.
func flagOf(words []string, accepts func(name string) bool) string {
	for i, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		switch {
		case !strings.HasPrefix(name, "-") || !accepts(name):
		case assigned:
			return value
		case i+1 < len(words):
			return words[i+1]
		}
	}
	return ""
}
