package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// A budget whose selector selects no pod protects nothing.
var ruleBudgetSelectsNothing = rule{
	id:    "budget-selects-nothing",
	title: "A PodDisruptionBudget selects no pod",
	why: "A budget is for the pods that its selector selects, in its own namespace. One that selects none protects nothing: even if it is named after a workload, " +
		"a drain may evict all pods of that workload at the same time. Kubernetes accepts it without a warning, and kubectl get pdb shows 0 allowed disruptions as for a budget that is " +
		"used up.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/run-application/configure-pdb/#specifying-a-poddisruptionbudget",
	},
	severity: Warning,
	check:    budgetSelectsNothing,
}

// budgetSelectsNothing reports budgets that have no selector, or are named after a workload
// of the set. The pods of any other may come from an operator, or from another repository.
func budgetSelectsNothing(s *model.Set, r *report) {
	for _, b := range s.Budgets {
		selector := b.Get("spec", "selector")
		switch {
		case len(b.Workloads) > 0:
		case !selector.Present():
			r.add(b.Object, selector, "has no selector: it selects no pod").cure("set selector to that of the workload whose pods it is for")
		default:
			if w := s.Named(b.Namespace, model.NamedAfter(b.Name)); w != nil {
				namedAfter(b, w, r)
			}
		}
	}
}

func namedAfter(b *model.Budget, w *model.Workload, r *report) {
	selector := b.Get("spec", "selector")
	f := r.add(b.Object, selector, "selects no pod of these files, although it is named after %s: a drain may evict all of its pods at the same time", w).
		because("%s", w.Differs(model.LabelSelector(selector)))
	labels := plainSelector(w.Object)
	if labels == nil {
		f.cure("set selector to that of %s", w)
		return
	}
	f.cure("set matchLabels to {%s}", matched(w))
	if !selector.Get("matchExpressions").Present() {
		f.by(selector, []string{"matchLabels"}, labels)
	}
}
