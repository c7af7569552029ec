package lint

import (
	"slices"
	"strconv"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// probe is a probe of a container, with the defaults of Kubernetes.
type probe struct {
	object.Value
	container *container
	handler   string // httpGet, tcpSocket, grpc or exec; "" if there is no probe
	port      string // as written: a number, or a name
	period    int    // seconds from one attempt to the next
	failures  int    // attempts that fail before the probe has failed
}

// probe is the readinessProbe, livenessProbe or startupProbe.
func (c *container) probe(name string) probe {
	p := probe{Value: c.Get(name), container: c}
	for _, handler := range []string{"httpGet", "tcpSocket", "grpc", "exec"} {
		if p.Get(handler).Present() {
			p.handler = handler
			p.port = p.Get(handler, "port").Text()
			break
		}
	}
	p.period, p.failures = p.positive("periodSeconds", 10), p.positive("failureThreshold", 3)
	return p
}

// positive is a field in which Kubernetes takes 0 for the default.
func (p probe) positive(name string, otherwise int) int {
	if n := p.Get(name).IntOr(0); n > 0 {
		return n
	}
	return otherwise
}

// seconds until the probe has failed, counted from the first attempt that can fail.
func (p probe) seconds() int { return p.period * p.failures }

// number is the port's number, 0 if that is not known.
func (p probe) number() int { return p.container.portNumber(p.port) }

// same reports whether both do the same.
func (p probe) same(other probe) bool {
	if p.handler == "" || p.handler != other.handler || p.port != other.port && (p.number() == 0 || p.number() != other.number()) {
		return false
	}
	text := func(p probe, field, otherwise string) string {
		if s := p.Get(p.handler, field).Text(); s != "" {
			return s
		}
		return otherwise
	}
	return text(p, "path", "/") == text(other, "path", "/") && text(p, "scheme", "HTTP") == text(other, "scheme", "HTTP") &&
		text(p, "host", "") == text(other, "host", "") && text(p, "service", "") == text(other, "service", "") &&
		slices.Equal(p.Get("exec", "command").Texts(), other.Get("exec", "command").Texts())
}

// what is the probe in a few words.
func (p probe) what() string {
	switch p.handler {
	case "httpGet":
		path := p.Get("httpGet", "path").Text()
		if path == "" {
			path = "/"
		}
		return "httpGet " + path + " on port " + p.port
	case "exec":
		return "exec"
	}
	return p.handler + " on port " + p.port
}

// portNumber is the number of a port that is given by number or by name, 0 if the
// container has none of that name.
func (c *container) portNumber(port string) int {
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

// probes reports whether a readiness probe of any container waits for the port:
// the containers of a pod share its addresses.
func (w *workload) probes(port int) bool {
	return slices.ContainsFunc(w.containers, func(c *container) bool { return c.probe("readinessProbe").number() == port })
}
