package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// With a budget that allows no eviction a drain waits until the drain is given up, or
// forced.
var ruleBudgetNeverAllows = rule{
	id:    "budget-never-allows",
	title: "A PodDisruptionBudget never allows an eviction",
	why: "kubectl drain and every autoscaler of nodes evict pods, and repeat an eviction that a budget refuses. With a budget that is never met the drain waits for ever, " +
		"until it is forced: the managed upgrades of clouds end such pods after an hour or less, and Karpenter at the node's own grace period, with little " +
		"or no grace period left. Percentages are rounded up, so that 90% of 3 pods are 3; and minAvailable has to be below the fewest pods there ever are, which is " +
		"the minimum of an autoscaler.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages",
		"https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors",
		"https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/",
		"https://karpenter.sh/docs/concepts/disruption/#terminationgraceperiod",
	},
	severity: Warning,
	check:    eachBudget(budgetNeverAllows),
}

func budgetNeverAllows(b *model.Budget, r *report) {
	why, certain := b.NeverAllows()
	if why == "" {
		return
	}
	g := b.Guards()
	f := r.add(b.Object, limitOf(b), "%s: no pod may be evicted, and a drain of its node waits for ever", why)
	least := b.Get("spec", "minAvailable")
	switch {
	case !certain:
		f.as(Info).because("replicas is not set and is 1, unless an autoscaler that is not among these files sets it")
	case g.Scaler != "" && least.Present() && least.Text() != "100%":
		f.because("%d is the fewest that %s leaves", g.Pods, g.Scaler)
	case len(b.Workloads) > 0:
		f.because("it selects the pods of %s", b.Workloads[0])
	}
	switch {
	case g.Bare && g.Workloads > 0:
		f.cure("let a controller make the pods, such as a Deployment")
	case g.Known && g.Pods == 1 && b.Workloads[0].Kind == "StatefulSet":
		f.cure("delete the budget: with one pod it can only forbid evictions; or %s, and the budget to maxUnavailable: 1", moreMembers)
	case g.Known && g.Pods == 1 && b.Workloads[0].Scaler != nil:
		scaler := b.Workloads[0].Scaler
		f.cure("set %s of %s to 2 and the budget to maxUnavailable: 1, or delete the budget: with one pod it can only forbid evictions", minimumOf(scaler), scaler)
	case g.Known && g.Pods == 1:
		f.cure("set replicas of %s to 2 and the budget to maxUnavailable: 1, or delete the budget: with one pod it can only forbid evictions", b.Workloads[0])
	case least.Present():
		f.cure("set maxUnavailable to 1 in place of minAvailable: that is right for any number of pods").
			by(b.Value, []string{"spec", "minAvailable"}, nil).
			by(b.Value, []string{"spec", "maxUnavailable"}, 1)
	default:
		f.cure("set maxUnavailable to 1").by(b.Value, []string{"spec", "maxUnavailable"}, 1)
	}
}

// limitOf is the field that limits evictions, where it is written or could be.
func limitOf(b *model.Budget) object.Value {
	if least := b.Get("spec", "minAvailable"); least.Present() {
		return least
	}
	return b.Get("spec", "maxUnavailable")
}
