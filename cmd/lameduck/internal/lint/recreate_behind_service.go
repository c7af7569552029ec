package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Recreate ends every old pod before it starts a new one.
var ruleRecreateBehindService = rule{
	id:    "recreate-behind-service",
	title: "The strategy Recreate behind a Service",
	why: "Recreate waits until all old pods have terminated, for their whole grace period if need be, and only then makes new ones. From the start of the termination " +
		"until a new pod is ready no pod serves: connections are refused at each rollout. It is the right strategy only where two " +
		"versions must not run at the same time, or cannot share a volume.",
	sources:  []string{"https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment"},
	severity: Error,
	check:    eachWorkload(recreateBehindService),
}

func recreateBehindService(w *model.Workload, r *report) {
	field := "strategy"
	if w.Kind == "StatefulSet" {
		field = "updateStrategy" // Kubernetes 1.37, KEP-3541
	}
	kind := w.Get("spec", field, "type")
	s := w.Alone()
	if n, known := w.Replicas(); kind.Text() != "Recreate" || s == nil || known && n == 0 {
		return
	}
	f := r.add(w.Object, kind, "each rollout ends all pods before it starts a new one: Service %s "+finding.NoEndpoint, s.Name)
	f.because("the old pods may take their whole grace period of %d s to end, and only then is a new one made", w.Grace())
	if volume := r.set.ExclusiveVolume(w); volume != "" {
		f.as(Info).because("%s", volume).
			cure("let the clients retry until the new pod is ready, or set type to RollingUpdate without that volume")
		return
	}
	if port := w.HostPort(); port != 0 {
		f.as(Info).because("two pods cannot have port %d of the same node", port).
			cure("let the clients retry until the new pod is ready, or set type to RollingUpdate without that port")
		return
	}
	if w.Kind == "StatefulSet" {
		f.cure("set type to RollingUpdate, if two versions can run at the same time")
		return
	}
	f.cure("set type to RollingUpdate with maxUnavailable: 0, if two versions can run at the same time")
}
