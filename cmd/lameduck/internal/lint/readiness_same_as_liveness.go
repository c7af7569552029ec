package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Where both probes ask the same and liveness fails no later, the kubelet restarts a
// container that should only get no new connections for a while.
var ruleReadinessSameAsLiveness = rule{
	id:    "readiness-same-as-liveness",
	title: "The liveness probe restarts the container as soon as readiness fails",
	why: "A server under load answers its probes late. A readiness probe that fails takes the pod out of the Service until it has recovered; a liveness " +
		"probe that fails restarts the container, and the restart cuts every request in flight. Where both ask the same and liveness fails no later, each overload " +
		"becomes a restart, and the other pods get the load of this one too. Kubernetes recommends the same endpoint for both only with a higher failureThreshold for liveness.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
		"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-readiness-probes",
	},
	severity: Warning,
	check:    eachWorkload(readinessSameAsLiveness),
}

func readinessSameAsLiveness(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		ready, alive := c.Probe("readinessProbe"), c.Probe("livenessProbe")
		if !ready.Same(alive) || alive.Seconds() > ready.Seconds() || !c.Serves() && !behindProxy(c) {
			continue
		}
		f := r.add(w.Object, alive.Value, "livenessProbe of container %s asks the same as its readinessProbe and restarts the container after %d s (%d s x %d), no later than readiness takes the pod out: %d s (%d s x %d)",
			c.Name, alive.Seconds(), alive.Period, alive.Failures, ready.Seconds(), ready.Period, ready.Failures).
			because("both are %s: the kubelet restarts a server that is only slow, which cuts what is in flight", alive.What())
		if alive.Handler == "tcpSocket" {
			f.as(Info).because("both are %s, which fails where the server has exited, or where its accept queue is full: then the restart cuts what is in flight", alive.What())
		}
		cureThresholds(f, c, ready, alive)
	}
}

// behindProxy reports whether clients reach the container through a proxy of its pod.
func behindProxy(c *model.Container) bool {
	return c.Proxy() == nil && !c.Watches() && slices.ContainsFunc(c.Workload.Containers, func(front *model.Container) bool {
		return front.Proxy() != nil && front.Serves()
	})
}

// defaultReadiness is after how many seconds, defaultFailures after how many failures a
// readiness probe takes its pod out if the manifest sets neither.
const defaultReadiness, defaultFailures = 30, 3

// cureThresholds lets liveness fail after three times the seconds of readiness. Where the
// readiness probe fails later than one with the defaults, and a lower threshold of it is
// enough, readiness is the one to change.
func cureThresholds(f *Finding, c *model.Container, ready, alive model.Probe) {
	probe, name, failures := alive, "livenessProbe", (3*ready.Seconds()+alive.Period-1)/alive.Period
	sooner := defaultReadiness / ready.Period
	if ready.Seconds() > defaultReadiness && sooner >= defaultFailures && alive.Seconds() >= 3*sooner*ready.Period {
		probe, name, failures = ready, "readinessProbe", sooner
	}
	f.cure("set failureThreshold of the %s to %d (%d s x %d = %d s), or let liveness check only what a restart can mend", name, failures, probe.Period, failures, probe.Period*failures)
	if alive.Node() != ready.Node() { // the two are no aliases of one value
		f.by(c.Value, []string{name, "failureThreshold"}, failures)
	}
}
