package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Without an order the controller does not wait for one pod before it ends the next.
var ruleParallelStatefulSet = rule{
	id:    "parallel-statefulset",
	title: "A StatefulSet that scales down ends its pods at one time",
	why: "With podManagementPolicy Parallel all pods that a StatefulSet has too many are deleted at one time: it does not wait until one has drained before it deletes the next. " +
		"What was in flight on all of them, and all their clients that connect again, come to the few that stay.",
	sources:  []string{"https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#parallel-pod-management"},
	severity: Info,
	check:    eachWorkload(parallelStatefulSet),
}

func parallelStatefulSet(w *model.Workload, r *report) {
	policy := w.Get("spec", "podManagementPolicy")
	i := slices.IndexFunc(w.Traffic(), func(s *model.Service) bool { return !s.ForPeers() })
	if w.Kind != "StatefulSet" || policy.Text() != "Parallel" || i < 0 {
		return
	}
	if n, known := w.Replicas(); known && n < 2 && w.Scaler == nil {
		return
	}
	f := r.add(w.Object, policy, "podManagementPolicy Parallel: when %s is scaled down, all pods that go are deleted at one time behind Service %s", w, w.Traffic()[i].Name).
		cure("scale down in small steps, or make the StatefulSet again with podManagementPolicy OrderedReady: the field cannot be changed")
	if w.Scaler != nil {
		f.as(Warning).because("%s scales it", w.Scaler)
	}
}
