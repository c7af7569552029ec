package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Where maxUnavailable reaches the number of pods, a rollout may end all of them
// before one of the new is ready.
var ruleRolloutTakesAllPodsDown = rule{
	id:    "rollout-takes-all-pods-down",
	title: "A rollout may take all pods down at the same time",
	why: "maxUnavailable is how many pods may be missing during a rollout: a percentage is rounded down, that of maxSurge up, and where both come to 0 one " +
		"pod may be missing. Where that is all there are, the controller ends the old pods before a new one is ready, and connections are refused at each " +
		"rollout. The minimum of an autoscaler is the number that counts: it is reached when there is little load, as at a deploy at night.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable",
		"https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#maximum-unavailable-pods",
		"https://argo-rollouts.readthedocs.io/en/stable/features/specification/",
		"https://openkruise.io/docs/user-manuals/cloneset#maxunavailable",
	},
	severity: Error,
	check:    eachWorkload(rolloutTakesAllPodsDown),
}

func rolloutTakesAllPodsDown(w *model.Workload, r *report) {
	n, known := w.Replicas()
	s := w.Alone()
	if !known || n < 1 || s == nil || n == 1 && w.Kind == "StatefulSet" { // a StatefulSet has no surge: its only pod has another rule
		return
	}
	ro, ok := w.Rolling(n)
	if !ok || ro.Unavailable < n {
		return
	}
	all := "the only pod"
	if n > 1 {
		all = "all " + finding.Count(n, "pod") + " at the same time"
	}
	f := r.add(w.Object, ro.At(w, "maxUnavailable"), "a rollout may take down %s: Service %s "+finding.NoEndpoint, all, s.Name).
		because("%s", ro.Because)
	switch volume, port := r.set.ExclusiveVolume(w), w.HostPort(); {
	case w.Scaler != nil:
		f.as(Warning).because("%d is the minimum of %s; %s", n, w.Scaler, ro.Because)
	case !w.Sized():
		f.as(Warning).because("replicas is not set and is 1, unless an autoscaler that is not among these files scales it; %s", ro.Because)
	case n == 1 && volume != "":
		f.as(Info).because("%s; %s", ro.Because, volume).
			cure("let the clients retry until the new pod is ready, or set maxUnavailable to 0 and maxSurge to 1 without that volume")
		return
	case n == 1 && port != 0:
		f.as(Info).because("%s; two pods cannot have port %d of the same node", ro.Because, port).
			cure("let the clients retry until the new pod is ready, or set maxUnavailable to 0 and maxSurge to 1 without that port")
		return
	}
	if w.Kind == "StatefulSet" { // before 1.35 Kubernetes ignores the field, and 1.36 does so by default
		f.as(Warning).cure("set maxUnavailable to 1").by(w.Value, ro.Path("maxUnavailable"), 1)
		return
	}
	f.cure(finding.SurgeByOne).by(w.Value, ro.Path("maxUnavailable"), 0)
	if ro.Surge == 0 || ro.At(w, "maxSurge").Text() == "0%" {
		f.by(w.Value, ro.Path("maxSurge"), 1)
	}
}
