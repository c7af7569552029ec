package lint

import "strings"

// A budget whose selector fits no pod protects nothing.
var ruleBudgetSelectsNothing = rule{
	id:    "budget-selects-nothing",
	title: "A PodDisruptionBudget selects no pod",
	why: "A budget is for the pods that its selector selects, in its own namespace. One that selects none protects nothing: a drain may evict all pods of the workload " +
		"that it is named after at one time. Kubernetes takes it without a warning, and kubectl get pdb shows 0 allowed disruptions as for a budget that is " +
		"used up.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/run-application/configure-pdb/#specifying-a-poddisruptionbudget",
	},
	severity: Warning,
	check:    budgetSelectsNothing,
}

// budgetSelectsNothing reports budgets that are named after a workload of the set.
// The pods of others may come from an operator, or from another repository.
func budgetSelectsNothing(s *set, r *report) {
	var byName map[key]*workload
	for _, b := range s.budgets {
		selector := b.Get("spec", "selector")
		switch {
		case len(b.workloads) > 0:
		case !selector.Present():
			r.add(b.Object, selector, "has no selector: it selects no pod").cure("set selector to that of the workload whose pods it is for")
		default:
			if byName == nil {
				byName = s.workloadsByName()
			}
			if w := namesake(b, byName); w != nil {
				namedAfter(b, w, r)
			}
		}
	}
}

func (s *set) workloadsByName() map[key]*workload {
	all := map[key]*workload{}
	for _, w := range s.workloads {
		all[key{"", w.Namespace, w.Name}] = w
	}
	return all
}

// namesake is the workload that b is for, by its name.
func namesake(b *budget, byName map[key]*workload) *workload {
	name := b.Name
	for _, suffix := range []string{"", "-pdb", "-poddisruptionbudget", "-pod-disruption-budget", "-disruption-budget", "-budget"} {
		if trimmed, found := strings.CutSuffix(name, suffix); found {
			if w := byName[key{"", b.Namespace, trimmed}]; w != nil {
				return w
			}
		}
	}
	return nil
}

func namedAfter(b *budget, w *workload, r *report) {
	selector := b.Get("spec", "selector")
	f := r.add(b.Object, selector, "selects no pod of these files, although it is named after %s: a drain may evict all pods of that at one time", w).
		because("%s", w.differs(labelSelector(selector)))
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
