package model

import (
	"slices"
	"strconv"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Probe is a probe of a container, with the defaults of Kubernetes.
type Probe struct {
	object.Value
	Container *Container
	Handler   string // httpGet, tcpSocket, grpc or exec; "" if there is no probe
	Port      string // as written: a number, or a name
	Period    int    // seconds from one attempt to the next
	Failures  int    // attempts that fail before the probe has failed
}

// Probe is the readinessProbe, livenessProbe or startupProbe.
func (c *Container) Probe(name string) Probe {
	p := Probe{Value: c.Get(name), Container: c}
	for _, handler := range []string{"httpGet", "tcpSocket", "grpc", "exec"} {
		if p.Get(handler).Present() {
			p.Handler = handler
			p.Port = p.Get(handler, "port").Text()
			break
		}
	}
	p.Period, p.Failures = p.positive("periodSeconds", 10), p.positive("failureThreshold", 3)
	return p
}

// positive is a field for which Kubernetes takes 0 as the default.
func (p Probe) positive(name string, otherwise int) int {
	if n := p.Get(name).IntOr(0); n > 0 {
		return n
	}
	return otherwise
}

// Seconds until the probe has failed, counted from the first attempt that can fail.
func (p Probe) Seconds() int { return p.Period * p.Failures }

// Number is the port's number, 0 if that is not known.
func (p Probe) Number() int { return p.Container.PortNumber(p.Port) }

// Same reports whether both probes ask the same.
func (p Probe) Same(other Probe) bool {
	if p.Handler == "" || p.Handler != other.Handler || p.Port != other.Port && (p.Number() == 0 || p.Number() != other.Number()) {
		return false
	}
	text := func(p Probe, field, otherwise string) string {
		if s := p.Get(p.Handler, field).Text(); s != "" {
			return s
		}
		return otherwise
	}
	return text(p, "path", "/") == text(other, "path", "/") && text(p, "scheme", "HTTP") == text(other, "scheme", "HTTP") &&
		text(p, "host", "") == text(other, "host", "") && text(p, "service", "") == text(other, "service", "") &&
		slices.Equal(p.Get("exec", "command").Texts(), other.Get("exec", "command").Texts())
}

// What is the probe in a few words.
func (p Probe) What() string {
	switch p.Handler {
	case "httpGet":
		path := p.Get("httpGet", "path").Text()
		if path == "" {
			path = "/"
		}
		return "httpGet " + path + " on port " + p.Port
	case "exec":
		return "exec " + Short(p.Get("exec", "command").Texts())
	}
	return p.Handler + " on port " + p.Port
}

// PortNumber is the number of a port that is given by number or by name, 0 if the
// container has none of that name.
func (c *Container) PortNumber(port string) int {
	if n, err := strconv.Atoi(port); err == nil {
		return n
	}
	for _, p := range c.Get("ports").Items() {
		if port != "" && p.Get("name").Text() == port {
			return p.Get("containerPort").IntOr(0)
		}
	}
	return 0
}

// Probes reports whether a readiness probe of any container waits for the port:
// the containers of a pod share its addresses.
func (w *Workload) Probes(port int) bool {
	return slices.ContainsFunc(w.Containers, func(c *Container) bool { return c.Probe("readinessProbe").Number() == port })
}
