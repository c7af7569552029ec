package lint

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
)

// Without a readiness probe a container is ready when it has started, not when it
// listens.
var ruleNoReadinessProbe = rule{
	id:    "no-readiness-probe",
	title: "The container behind a Service has no readiness probe",
	why: "A pod is an endpoint of its Service once its containers are ready. A container without a readiness probe is ready as soon as its process " +
		"runs, before that listens: at each rollout and each scale-up new connections are refused until it does, and a rollout ends the old pods " +
		"although the new ones do not work yet. A pod that the kubelet ends by itself (node pressure, the shutdown of its node) stays an endpoint " +
		"until it has exited, because no probe can take it out.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#types-of-probe",
		"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-readiness-probes",
	},
	severity: Warning,
	check:    eachWorkload(noReadinessProbe),
}

func noReadinessProbe(w *workload, r *report) {
	for _, gate := range w.pod.Get("readinessGates").Items() {
		if strings.HasPrefix(gate.Get("conditionType").Text(), "target-health.") {
			return // the health check of an AWS load balancer
		}
	}
	for _, c := range w.containers {
		p, ok := unprobed(c)
		if !ok {
			continue
		}
		f := r.add(w.Object, c.Get("name"), "container %s serves port %s of Service %s and has no readinessProbe: it gets connections before it listens", c.name, p.targetPort, p.service.Name)
		if !p.tcp() {
			f.cure("add to container %s a readinessProbe that succeeds only when port %s answers", c.name, p.targetPort)
			continue
		}
		f.cure("add to container %s a readinessProbe: an httpGet of a path that returns 200 only when requests are served or, the least, tcpSocket with port: %s", c.name, p.targetPort)
		if c.probe("livenessProbe").handler == "tcpSocket" {
			continue // the same probe twice is the next mistake
		}
		f.by(c.Value, []string{"readinessProbe"}, edit.Fields{{Name: "tcpSocket", To: edit.Fields{{Name: "port", To: p.written()}}}})
	}
}

// unprobed is a port that the container serves and no probe of the pod waits for. A
// startup probe holds readiness back too.
func unprobed(c *container) (servedPort, bool) {
	if c.probe("readinessProbe").Present() || c.probe("startupProbe").Present() {
		return servedPort{}, false
	}
	for _, p := range c.served() {
		number := c.portNumber(p.targetPort)
		if number != 0 && !p.service.Get("spec", "publishNotReadyAddresses").True() && !c.workload.probes(number) {
			return p, true
		}
	}
	return servedPort{}, false
}
