package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Without an order the controller does not wait until one pod has ended before it deletes
// the next.
var ruleParallelStatefulSet = rule{
	id:    "parallel-statefulset",
	title: "A StatefulSet that scales down ends its pods at the same time",
	why: "With podManagementPolicy Parallel a StatefulSet that is scaled down deletes all surplus pods at the same time: it does not wait until one has drained before it deletes the next. " +
		"The clients of all of them connect again at the same time, to the few pods that stay.",
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
	f := r.add(w.Object, policy, "podManagementPolicy Parallel: when %s is scaled down, all surplus pods behind Service %s are deleted at the same time", w, w.Traffic()[i].Name).
		because("the clients of all of them connect again at the same time, to the pods that stay").
		cure("scale down in small steps, or create the StatefulSet again with podManagementPolicy OrderedReady: the field cannot be changed")
	if w.Scaler != nil {
		f.as(Warning).because("%s scales it, and the clients of all of them connect again at the same time, to the pods that stay", w.Scaler)
	}
}
