package lint

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Without a readiness probe a container is ready when it has started, not when it
// listens.
var ruleNoReadinessProbe = rule{
	id:    "no-readiness-probe",
	title: "The container behind a Service has no readiness probe",
	why: "A pod is an endpoint of its Service once its containers are ready. A container without a readiness probe is ready as soon as its process " +
		"runs, although it does not listen yet: at each rollout and each scale-up new connections are refused until it does, and a rollout ends the old pods " +
		"although the new ones do not work yet. A pod that the kubelet ends by itself (node pressure, the shutdown of its node) stays an endpoint " +
		"until it has exited, because no probe can take it out.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#types-of-probe",
		"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-readiness-probes",
	},
	severity: Warning,
	check:    eachWorkload(noReadinessProbe),
}

func noReadinessProbe(w *model.Workload, r *report) {
	for _, gate := range w.Pod.Get("readinessGates").Items() {
		if strings.HasPrefix(gate.Get("conditionType").Text(), "target-health.") {
			return // the health check of an AWS load balancer
		}
	}
	for _, c := range w.Containers {
		p, ok := unprobed(c)
		if !ok {
			continue
		}
		f := r.add(w.Object, c.Get("name"), "container %s serves port %s of Service %s and has no readinessProbe: at each start it "+finding.BeforeItListens, c.Name, p.TargetPort, p.Service.Name)
		f.because("without a readinessProbe a container is ready as soon as its process runs")
		if !p.TCP() {
			f.cure("add to container %s a readinessProbe that succeeds only when port %s answers", c.Name, p.TargetPort)
			continue
		}
		f.cure("add to container %s a readinessProbe: an httpGet of a path that returns 200 only when requests are served, or at least a tcpSocket with port: %s", c.Name, p.TargetPort)
		if c.Probe("livenessProbe").Handler == "tcpSocket" {
			continue // the same probe for both is a mistake that another rule reports
		}
		f.by(c.Value, []string{"readinessProbe"}, edit.Fields{{Name: "tcpSocket", To: edit.Fields{{Name: "port", To: p.Written()}}}})
	}
}

// unprobed is a port that the container serves and no probe of the pod waits for. A
// startup probe holds readiness back too.
func unprobed(c *model.Container) (model.ServedPort, bool) {
	if c.Probe("readinessProbe").Present() || c.Probe("startupProbe").Present() {
		return model.ServedPort{}, false
	}
	for _, p := range c.Served() {
		number := c.PortNumber(p.TargetPort)
		if number != 0 && !p.Service.Get("spec", "publishNotReadyAddresses").True() && !c.Workload.Probes(number) {
			return p, true
		}
	}
	return model.ServedPort{}, false
}
