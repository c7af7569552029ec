package lint

// Without a budget a drain of nodes takes every pod at one time.
var ruleNoDisruptionBudget = rule{
	id:    "no-disruption-budget",
	title: "No PodDisruptionBudget selects the pods",
	why: "When nodes are drained, for an upgrade or by an autoscaler, each pod on them is evicted. Only a PodDisruptionBudget keeps a drain " +
		"from evicting all pods of a workload at one time, before others are ready.",
	sources:  []string{"https://kubernetes.io/docs/tasks/run-application/configure-pdb/"},
	severity: Info,
	check:    eachWorkload(noDisruptionBudget),
}

func noDisruptionBudget(w *workload, r *report) {
	n, known := w.replicas()
	if w.Kind == "DaemonSet" || len(w.traffic()) == 0 || len(w.budgets) > 0 || known && n < 2 {
		return // a single replica has its own rule
	}
	r.add(w.Object, w.Get("metadata", "name"), "no PodDisruptionBudget selects the %d pods behind Service %s", n, w.traffic()[0].Name).
		cure("add a PodDisruptionBudget with maxUnavailable: 1 and the selector of %s", w)
}
