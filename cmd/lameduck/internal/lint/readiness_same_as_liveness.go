package lint

// A liveness probe that fails no later than the same readiness probe restarts the
// container in place of taking its pod out.
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

func readinessSameAsLiveness(w *workload, r *report) {
	for _, c := range w.containers {
		ready, alive := c.probe("readinessProbe"), c.probe("livenessProbe")
		if !ready.same(alive) || alive.seconds() > ready.seconds() || !c.serves() {
			continue
		}
		failures := (3*ready.seconds() + alive.period - 1) / alive.period
		f := r.add(w.Object, alive.Value, "livenessProbe of container %s asks the same as its readinessProbe and restarts it after %d s (%d s x %d), no later than readiness takes the pod out: %d s (%d s x %d)",
			c.name, alive.seconds(), alive.period, alive.failures, ready.seconds(), ready.period, ready.failures).
			because("both are %s", alive.what()).
			cure("set failureThreshold of the livenessProbe to %d (%d s x %d = %d s), or let it ask for what only a restart can mend", failures, alive.period, failures, alive.period*failures)
		if alive.handler == "tcpSocket" {
			f.as(Info) // a connection is refused when the server has gone, and seldom because of load
		}
		if alive.Node() != ready.Node() { // not one value under two names
			f.by(c.Value, []string{"livenessProbe", "failureThreshold"}, failures)
		}
	}
}
