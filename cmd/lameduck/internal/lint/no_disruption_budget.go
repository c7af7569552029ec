package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Without a budget a drain of nodes may evict every pod at the same time.
var ruleNoDisruptionBudget = rule{
	id:    "no-disruption-budget",
	title: "No PodDisruptionBudget selects the pods",
	why: "When nodes are drained, for an upgrade or by an autoscaler, each pod on them is evicted. Only a PodDisruptionBudget keeps a drain " +
		"from evicting all pods of a workload at the same time, before others are ready.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
		"https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
	},
	severity: Info,
	check:    eachWorkload(noDisruptionBudget),
}

func noDisruptionBudget(w *model.Workload, r *report) {
	n, known := w.Replicas()
	if w.Kind == "DaemonSet" || w.Kind == "Pod" || len(w.Traffic()) == 0 || len(w.Budgets) > 0 || known && n < 2 {
		return // a drain leaves DaemonSets alone; a single replica has its own rule
	}
	which := "the pods"
	if known {
		which = "the " + finding.Count(n, "pod")
	}
	f := r.add(w.Object, w.Get("metadata", "name"), "no PodDisruptionBudget selects %s behind Service %s: a drain may evict all of them at the same time", which, w.Traffic()[0].Name).
		because("only these files are known: a PodDisruptionBudget that is elsewhere is not seen")
	if labels := matched(w); labels != "" {
		f.cure("add a PodDisruptionBudget with maxUnavailable: 1 and selector: {matchLabels: {%s}}", labels)
		return
	}
	f.cure("add a PodDisruptionBudget with maxUnavailable: 1 and the selector of %s", w)
}
