package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A probe of another port than the one that clients use shows that something
// listens, and not that the server does.
var ruleProbeOnAnotherPort = rule{
	id:    "probe-on-another-port",
	title: "The readiness probe asks another port than the one that is served",
	why: "Ready has to mean: a request that comes now is served. A probe of another port cannot show that. The other listener may be up before the " +
		"server is, and after it has closed; if it is that of another container, ready means nothing for this one. A port by a name that the " +
		"container does not declare is never asked: the probe fails each time, and the pod is never ready.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes",
	},
	severity: Warning,
	check:    eachWorkload(probeOnAnotherPort),
}

func probeOnAnotherPort(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		p := c.Probe("readinessProbe")
		switch {
		case p.Port == "":
		case p.Number() == 0:
			r.add(w.Object, p.Get(p.Handler, "port"), "readinessProbe of container %s asks port %s, but the container has no port of that name: the pod is never ready", c.Name, p.Port).
				as(Error).cure("name one of the container's ports, or give its number")
		case !p.Get(p.Handler, "host").Present():
			checkPort(p, r)
		}
	}
}

// checkPort compares the port of a readiness probe with those that clients use.
func checkPort(p model.Probe, r *report) {
	c, w := p.Container, p.Container.Workload
	served := slices.DeleteFunc(c.Served(), func(s model.ServedPort) bool {
		return s.Protocol == "UDP" || c.PortNumber(s.TargetPort) == 0 // no probe can ask these
	})
	if len(served) == 0 || slices.ContainsFunc(served, func(s model.ServedPort) bool { return w.Probes(c.PortNumber(s.TargetPort)) }) {
		return
	}
	severity, because := Warning, "a connection to port %s shows nothing of port %s"
	switch owner := declaring(w, p.Number()); {
	case owner != nil && owner != c:
		because = "port %s is one of container " + owner.Name + ", port %s one of container " + c.Name
	case p.Handler == "tcpSocket":
	case (owner == c || owner == nil) && isHealth(p):
		// A server of its own for health checks, on purpose. Many do not declare its
		// port: that changes nothing.
		return
	default:
		severity, because = Info, "the pod is ready when port %s answers, whatever port %s does"
	}
	client := served[0]
	f := r.add(w.Object, p.Get(p.Handler, "port"), "readinessProbe of container %s asks port %s, but clients come to port %s, through Service %s", c.Name, p.Port, client.TargetPort, client.Service.Name).
		as(severity).because(because, p.Port, client.TargetPort).
		cure("set the port of the probe to %s, with a path that returns 200 only when requests are served", client.TargetPort)
	if p.Handler == "tcpSocket" && client.TCP() {
		f.cure("set the port of the probe to %s", client.TargetPort).by(p.Value, []string{"tcpSocket", "port"}, client.Written())
	}
}

// healthNames are parts of the names of ports and paths that are made for health checks.
var healthNames = []string{"health", "ready", "readi", "live", "status", "ping", "probe", "admin", "manage", "mgmt", "actuator", "metric", "monitor"}

// isHealth reports whether the probe asks a port or a path that is made for health checks.
func isHealth(p model.Probe) bool {
	asked := strings.ToLower(nameOfPort(p.Container, p.Number()) + " " + p.Get(p.Handler, "path").Text())
	return p.Handler == "grpc" || slices.ContainsFunc(healthNames, func(name string) bool { return strings.Contains(asked, name) })
}

// nameOfPort is the name of a port of that number, "" if it has none.
func nameOfPort(c *model.Container, number int) string {
	for _, p := range c.Get("ports").Items() {
		if p.Get("containerPort").IntOr(0) == number {
			return p.Get("name").Text()
		}
	}
	return ""
}

// declaring is the container that declares the port, nil if none does.
func declaring(w *model.Workload, port int) *model.Container {
	for _, c := range w.Containers {
		if c.HasPort(strconv.Itoa(port)) {
			return c
		}
	}
	return nil
}
