package lint

import (
	"slices"
	"strconv"
	"strings"
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

func probeOnAnotherPort(w *workload, r *report) {
	for _, c := range w.containers {
		p := c.probe("readinessProbe")
		switch {
		case p.port == "":
		case p.number() == 0:
			r.add(w.Object, p.Get(p.handler, "port"), "readinessProbe of container %s asks port %s, but the container has no port of that name: the pod is never ready", c.name, p.port).
				as(Error).cure("name one of the container's ports, or give its number")
		case !p.Get(p.handler, "host").Present():
			checkPort(p, r)
		}
	}
}

// checkPort compares the port of a readiness probe with those that clients use.
func checkPort(p probe, r *report) {
	c, w := p.container, p.container.workload
	served := slices.DeleteFunc(c.served(), func(s servedPort) bool {
		return s.protocol == "UDP" || c.portNumber(s.targetPort) == 0 // no probe can ask these
	})
	if len(served) == 0 || slices.ContainsFunc(served, func(s servedPort) bool { return w.probes(c.portNumber(s.targetPort)) }) {
		return
	}
	severity, because := Warning, "a connection to port %s shows nothing of port %s"
	switch owner := w.declaring(p.number()); {
	case owner != nil && owner != c:
		because = "port %s is one of container " + owner.name + ", port %s one of container " + c.name
	case p.handler == "tcpSocket":
	case (owner == c || owner == nil) && p.health():
		// A server of its own for health checks, on purpose. Many do not declare its
		// port: that changes nothing.
		return
	default:
		severity, because = Info, "the pod is ready when port %s answers, whatever port %s does"
	}
	client := served[0]
	f := r.add(w.Object, p.Get(p.handler, "port"), "readinessProbe of container %s asks port %s, but clients come to port %s, through Service %s", c.name, p.port, client.targetPort, client.service.Name).
		as(severity).because(because, p.port, client.targetPort).
		cure("set the port of the probe to %s, with a path that returns 200 only when requests are served", client.targetPort)
	if p.handler == "tcpSocket" && client.tcp() {
		f.cure("set the port of the probe to %s", client.targetPort).by(p.Value, []string{"tcpSocket", "port"}, client.written())
	}
}

// healthNames are in the names of ports and paths that are made for health checks.
var healthNames = []string{"health", "ready", "readi", "live", "status", "ping", "probe", "admin", "manage", "mgmt", "actuator", "metric", "monitor"}

// health reports whether the probe asks what is made for it.
func (p probe) health() bool {
	asked := strings.ToLower(p.container.portName(p.number()) + " " + p.Get(p.handler, "path").Text())
	return p.handler == "grpc" || slices.ContainsFunc(healthNames, func(name string) bool { return strings.Contains(asked, name) })
}

// portName is the name of a port of that number, "" if it has none.
func (c *container) portName(number int) string {
	for _, p := range c.Get("ports").Items() {
		if p.Get("containerPort").IntOr(0) == number {
			return p.Get("name").Text()
		}
	}
	return ""
}

// declaring is the container that declares the port, nil if none does.
func (w *workload) declaring(port int) *container {
	for _, c := range w.containers {
		if c.hasPort(strconv.Itoa(port)) {
			return c
		}
	}
	return nil
}
