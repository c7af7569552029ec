package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Pods on one node end together.
var ruleNoSpread = rule{
	id:    "no-spread",
	title: "Nothing spreads the pods over nodes",
	why: "Replicas protect from the loss of a pod only on different nodes: a node that is reclaimed, shut down or lost takes all pods on it. The scheduler spreads the pods of a " +
		"Service by itself, but only as one preference among several: its default allows three pods more on one node than on another (maxSkew 3, ScheduleAnyway), " +
		"and a node that has the image or more room wins. After a drain the pods of the other nodes stay where they are.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#internal-default-constraints",
		"https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity",
	},
	severity: Info,
	check:    eachWorkload(noSpread),
}

func noSpread(w *model.Workload, r *report) {
	n, known := w.Replicas()
	if !known || n < 2 || len(w.Traffic()) == 0 || isSpread(w, r.set) {
		return
	}
	f := r.add(w.Object, w.Pod, "the %s behind Service %s may be on one node: neither topologySpreadConstraints nor podAntiAffinity keeps them apart", finding.Count(n, "pod"), w.Traffic()[0].Name).
		because("the scheduler's own spreading is best effort: maxSkew 3 over nodes, ScheduleAnyway").
		cure("add topologySpreadConstraints with maxSkew: 1, topologyKey: %s, whenUnsatisfiable: ScheduleAnyway and the labelSelector of %s", model.Hostname, w)
	if labels := plainSelector(w.Object); labels != nil && w.Pod.Present() {
		f.cure("add topologySpreadConstraints with maxSkew: 1, topologyKey: %s, whenUnsatisfiable: ScheduleAnyway and labelSelector: {matchLabels: {%s}}", model.Hostname, matched(w)).
			by(w.Pod, []string{"topologySpreadConstraints"}, []edit.Fields{{
				{Name: "maxSkew", To: 1},
				{Name: "topologyKey", To: model.Hostname},
				{Name: "whenUnsatisfiable", To: "ScheduleAnyway"},
				{Name: "labelSelector", To: edit.Fields{{Name: "matchLabels", To: labels}}},
			}})
	}
}

// isSpread reports whether anything decides over which nodes the pods are spread. A term
// that should, but does not select them, has a rule of its own.
func isSpread(w *model.Workload, s *model.Set) bool {
	if _, missed := model.MissedBySelf(w, s); missed {
		return true
	}
	return w.Kind == "DaemonSet" || w.Pod.Get("topologySpreadConstraints").Present() || w.HostPort() != 0 ||
		w.Pod.Get("nodeName").Present() || w.Pod.Get("nodeSelector").Field(model.Hostname).Present() ||
		slices.ContainsFunc(w.AntiAffinity(), func(a model.Apart) bool { return a.Selects(w) })
}
