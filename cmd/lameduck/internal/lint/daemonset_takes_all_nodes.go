package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A DaemonSet has one pod on each node, and no more while it is rolled out, unless it
// has maxSurge.
var ruleDaemonSetTakesAllNodes = rule{
	id:    "daemonset-takes-all-nodes",
	title: "A rollout of the DaemonSet takes the pods of all nodes at the same time",
	why: "maxUnavailable of a DaemonSet counts nodes. With 100% all pods are deleted at the same time, and the Service has no endpoint until the first of the " +
		"new ones is ready: connections are refused on every node.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/",
		"https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/#DaemonSetSpec",
	},
	severity: Error,
	check:    eachWorkload(daemonSetTakesAllNodes),
}

func daemonSetTakesAllNodes(w *model.Workload, r *report) {
	if !w.Is("apps", "DaemonSet") || w.Get("spec", "updateStrategy", "type").Text() == "OnDelete" {
		return
	}
	s := w.Alone()
	at := w.Get("spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
	unavailable, ok := model.AmountOf(at)
	if s == nil || !ok || !unavailable.Percent || unavailable.Value < 100 {
		return
	}
	r.add(w.Object, at, "maxUnavailable %v: a rollout deletes the pods of all nodes at the same time: Service %s "+finding.NoEndpoint, unavailable, s.Name).
		cure("set maxUnavailable to 1, or to a percentage of the nodes that may be missing").
		by(w.Value, []string{"spec", "updateStrategy", "rollingUpdate", "maxUnavailable"}, 1)
}
