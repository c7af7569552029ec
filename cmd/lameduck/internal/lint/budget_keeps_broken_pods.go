package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// By default a budget also protects pods that do not work.
var ruleBudgetKeepsBrokenPods = rule{
	id:    "budget-keeps-broken-pods",
	title: "A PodDisruptionBudget keeps pods that are not ready",
	why: "A pod that is running and not ready serves nothing, but by default it is evicted only while the budget is met without it. When a bad version or a lost " +
		"dependency makes pods unready, no drain can take them off their nodes, and upgrades of nodes stop until a forced drain ends all pods there, including those that work. " +
		"unhealthyPodEvictionPolicy: AlwaysAllow (Kubernetes 1.27) lets a drain evict them; Kubernetes recommends it.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-apps/3017-pod-healthy-policy-for-pdb",
	},
	severity: Info,
	check:    eachBudget(budgetKeepsBrokenPods),
}

func budgetKeepsBrokenPods(b *model.Budget, r *report) {
	policy := b.Get("spec", "unhealthyPodEvictionPolicy")
	never, _ := b.NeverAllows()
	if policy.Present() || never != "" || len(b.Workloads) == 0 {
		return
	}
	for _, w := range b.Workloads {
		if w.Kind == "StatefulSet" || w.Kind == "DaemonSet" || w.Kind == "Pod" || len(w.Traffic()) == 0 {
			return // a member of a cluster that is not ready may be about to join it
		}
	}
	r.add(b.Object, policy, "a pod of %s that is not ready cannot be evicted while the budget is not met: a drain waits for it", b.Workloads[0]).
		because("unhealthyPodEvictionPolicy is IfHealthyBudget by default").
		cure("set unhealthyPodEvictionPolicy to AlwaysAllow").
		by(b.Value, []string{"spec", "unhealthyPodEvictionPolicy"}, "AlwaysAllow")
}
