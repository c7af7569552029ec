package lint

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Where the kubelet ends a pod by itself, a readiness probe that fails is the only
// thing that takes the pod out of its Services.
var ruleReadinessSlowerThanGrace = rule{
	id:    "readiness-slower-than-grace",
	title: "The readiness probe fails later than the grace period ends",
	why: "A pod that is deleted leaves its Services at once. One that the kubelet ends by itself (node pressure, a shutdown of its node, as on a spot node " +
		"that is reclaimed) has no deletionTimestamp: it stays an endpoint until its readiness probe has failed failureThreshold times, or until it has exited. " +
		"If period x threshold reaches the grace period, the server has exited before the pod is taken out, and the connections that come in between are refused.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/",
		"https://github.com/kubernetes/kubernetes/issues/116965",
		"https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip",
	},
	severity: Info,
	check:    eachWorkload(readinessSlowerThanGrace),
}

func readinessSlowerThanGrace(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		p := c.Probe("readinessProbe")
		if p.Handler == "" || p.Seconds() < w.Grace() {
			continue
		}
		because := readinessDecides(c)
		if because == "" {
			continue
		}
		period, failures := fasterThan(w.Grace()/2, p)
		r.add(w.Object, p.Value, "readinessProbe of container %s takes the pod out after up to %d s (%d s x %d), and the grace period is %d s: the server has exited before that", c.Name, p.Seconds(), p.Period, p.Failures, w.Grace()).
			because("%s", because).
			cure("set periodSeconds to %d and failureThreshold to %d: %d s", period, failures, period*failures).
			by(c.Value, []string{"readinessProbe", "periodSeconds"}, period).
			by(c.Value, []string{"readinessProbe", "failureThreshold"}, failures)
	}
}

// fasterThan keeps the threshold as long as a period of 1 s is enough.
func fasterThan(seconds int, p model.Probe) (period, failures int) {
	failures = min(p.Failures, max(seconds, 1))
	return max(seconds/failures, 1), failures
}

// readinessDecides is why it matters how fast readiness takes the container's pod out, ""
// if it does not.
func readinessDecides(c *model.Container) string {
	served := c.Served()
	if where := c.Workload.MayRunOnSpot(); strings.Contains(where, "cloud.google.com/gke-") && len(served) > 0 { // those of other clouds are drained
		return "the pods may run on spot nodes (" + where + "): when one is reclaimed, the kubelet ends the pods without deleting them"
	}
	for _, s := range served {
		if s.Service.Get("spec", "externalTrafficPolicy").Text() == "Local" {
			return "Service " + s.Service.Name + " has externalTrafficPolicy: Local: what comes to the node goes to its own pods only, until their readiness has failed"
		}
	}
	return ""
}
