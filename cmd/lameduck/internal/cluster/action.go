package cluster

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Actions are those on a cluster, in the order help texts use. Rollout is what kubectl
// rollout restart does; its annotation on the pod template stays. Where a
// PodDisruptionBudget refuses an eviction it is asked again every 5 s, as kubectl drain
// does. DrainNode leaves the node's other pods, and uncordons the node at the end;
// ScaleDown scales up again at the end.
var Actions = []timeline.Action{timeline.Rollout, timeline.Delete, timeline.Evict, timeline.DrainNode, timeline.ScaleDown, timeline.Watch}

// permissionsFor are what an action needs beyond watching.
func permissionsFor(a timeline.Action, kind string) []kube.Permission {
	switch a {
	case timeline.Rollout:
		return kube.Permissions("apps", kind, "patch")
	case timeline.Delete:
		return kube.Permissions("", "pods", "delete")
	case timeline.Evict:
		return kube.Permissions("", "pods/eviction", "create")
	case timeline.DrainNode:
		return append(kube.Permissions("", "pods/eviction", "create"), kube.Permissions("", "nodes", "get", "patch")...)
	case timeline.ScaleDown:
		return kube.Permissions("apps", kind+"/scale", "patch")
	}
	return nil
}

// possible returns why an action cannot be run on the workload.
func (w *workload) possible(a timeline.Action) error {
	switch {
	case a == timeline.Rollout && w.notReplaced != "":
		return hint.New(fmt.Errorf("%s: %s", w, w.notReplaced), "use --action delete or evict, or change it: kubectl edit "+w.String()+" -n "+w.namespace)
	case a == timeline.ScaleDown && w.kind == "daemonsets":
		return hint.New(fmt.Errorf("%s cannot be scaled", w), "a DaemonSet has a pod on every node; use --action rollout, delete, evict or drain-node")
	case a == timeline.ScaleDown && w.replicas < 2:
		return hint.New(fmt.Errorf("scale-down of 1 replica leaves none"), "use --replicas 2 or more")
	}
	return nil
}

// restartedAt is what kubectl rollout restart sets.
const restartedAt = "kubectl.kubernetes.io/restartedAt"
