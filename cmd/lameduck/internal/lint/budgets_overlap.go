package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// Kubernetes evicts no pod that two budgets select.
var ruleBudgetsOverlap = rule{
	id:    "budgets-overlap",
	title: "Several PodDisruptionBudgets select the same pods",
	why: "An eviction checks the one budget that selects the pod. Where there are two, the API server answers each eviction with an error (500, This pod has more than one " +
		"PodDisruptionBudget), whatever they allow: the drain of a node fails until one of them is gone.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works",
		"https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/registry/core/pod/storage/eviction.go",
	},
	severity: Warning,
	check:    budgetsOverlap,
}

func budgetsOverlap(s *model.Set, r *report) {
	reported := map[[2]*model.Budget]bool{}
	for _, w := range s.Workloads {
		if len(w.Budgets) < 2 || w.Kind == "DaemonSet" { // which a drain does not evict
			continue
		}
		first := w.Budgets[0]
		for _, b := range w.Budgets[1:] {
			if b.Name == first.Name || reported[[2]*model.Budget{first, b}] {
				continue // one budget, for several environments
			}
			reported[[2]*model.Budget{first, b}] = true
			r.add(b.Object, b.Get("spec", "selector"), "selects the pods of %s, as PodDisruptionBudget %s does: every eviction of them fails, whatever the two allow", w, first.Name).
				because("PodDisruptionBudget %s is in %s:%v", first.Name, first.File().Name, first.Pos()).
				cure("delete one of the two, or let their selectors select different pods")
		}
	}
}
