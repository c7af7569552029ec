package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// With OnDelete nothing makes sure that the pods are replaced one after the other.
var ruleManualUpdate = rule{
	id:    "manual-update",
	title: "Pods are replaced only when they are deleted by hand",
	why: "With OnDelete a deploy changes no pod. Each one is replaced when it is deleted, and what deletes them decides how many are missing at the same time: " +
		"the controller waits neither for readiness nor for minReadySeconds, and two versions run side by side until the last is deleted.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies",
		"https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/#daemonset-update-strategy",
	},
	severity: Info,
	check:    eachWorkload(manualUpdate),
}

func manualUpdate(w *model.Workload, r *report) {
	kind := w.Get("spec", "updateStrategy", "type")
	if kind.Text() == "OnDelete" && len(w.Traffic()) > 0 {
		r.add(w.Object, kind, "OnDelete: the pods behind Service %s are replaced when they are deleted by hand, and nothing waits until the next one is ready", w.Traffic()[0].Name).
			cure("set type to RollingUpdate, or delete one pod at a time and wait until the new one is ready")
	}
}
