package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A port of the node is for one pod: a second pod on it does not start before the
// first has ended.
var ruleHostPortBlocksSurge = rule{
	id:    "host-port-blocks-surge",
	title: "A port of the node keeps the new pod from starting beside the old one",
	why: "The scheduler puts no two pods with the same hostPort on one node, and with hostNetwork every declared port is one. A rollout that has to start the new pod " +
		"first (maxSurge, with no pod that may be missing) waits for a node without an old pod. A DaemonSet has none: its rollout never ends.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/configuration/overview/#services",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-apps/1591-daemonset-surge",
	},
	severity: Warning,
	check:    eachWorkload(hostPortBlocksSurge),
}

func hostPortBlocksSurge(w *model.Workload, r *report) {
	port := w.HostPort()
	if port == 0 {
		return
	}
	if w.Kind == "DaemonSet" {
		if surge := w.Get("spec", "updateStrategy", "rollingUpdate", "maxSurge"); w.Surges() {
			r.add(w.Object, surge, "the new pod waits for port %d of its node, which the old one keeps until the new one is ready: the rollout never ends", port).
				cure("set maxSurge to 0 and maxUnavailable to 1").
				by(w.Value, []string{"spec", "updateStrategy", "rollingUpdate", "maxSurge"}, 0).
				by(w.Value, []string{"spec", "updateStrategy", "rollingUpdate", "maxUnavailable"}, 1)
		}
		return
	}
	n, known := w.Replicas()
	if ro, ok := w.Rolling(n); known && n > 0 && ok && ro.Unavailable == 0 {
		r.add(w.Object, ro.At(w, "maxUnavailable"), "each pod has port %d of its node and none may be missing: a rollout of %s waits for ever unless %s can take them", port, finding.Count(n, "pod"), finding.Count(n+1, "node")).
			as(Info).because("%s", ro.Because).
			cure("have %s for these pods, or set maxUnavailable to 1 and replicas to 2 or more", finding.Count(n+1, "node"))
	}
}
