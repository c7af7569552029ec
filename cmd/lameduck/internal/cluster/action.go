package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// Action is one way in which pods are replaced or removed.
type Action string

const (
	// Rollout replaces every pod, as kubectl rollout restart does; its
	// annotation on the pod template stays.
	Rollout Action = "rollout"
	// Delete deletes all pods at once; their controller replaces them.
	Delete Action = "delete"
	// Evict removes one pod through the Eviction API. A PodDisruptionBudget
	// may refuse, and is asked again every 5 s, as kubectl drain does.
	Evict Action = "evict"
	// DrainNode cordons one node and evicts the pods of the workload that are
	// on it, one after another. The node's other pods stay. At the
	// end it is uncordoned.
	DrainNode Action = "drain-node"
	// ScaleDown halves the replicas, rounding up, and scales up again at the
	// end. It needs two.
	ScaleDown Action = "scale-down"
	// Watch only observes for a while: the user replaces the pods.
	Watch Action = "watch"
)

// Actions lists them all, in the order help texts use.
var Actions = []Action{Rollout, Delete, Evict, DrainNode, ScaleDown, Watch}

// ParseAction reads the name of an action.
func ParseAction(s string) (Action, error) {
	if slices.Contains(Actions, Action(s)) {
		return Action(s), nil
	}
	names := make([]string, len(Actions))
	for i, a := range Actions {
		names[i] = string(a)
	}
	return "", hint.New(fmt.Errorf("unknown action %q", s), hint.DidYouMean(s, names, "on a cluster use one of "+strings.Join(names, ", ")))
}

// permissions are what the action needs beyond watching.
func (a Action) permissions(kind string) []Permission {
	switch a {
	case Rollout:
		return []Permission{{"patch", "apps", kind}}
	case Delete:
		return []Permission{{"delete", "", "pods"}}
	case Evict:
		return []Permission{{"create", "", "pods/eviction"}}
	case DrainNode:
		return []Permission{{"create", "", "pods/eviction"}, {"get", "", "nodes"}, {"patch", "", "nodes"}}
	case ScaleDown:
		return []Permission{{"patch", "apps", kind + "/scale"}}
	}
	return nil
}

// check returns why the action cannot be run on the workload.
func (a Action) check(w *workload) error {
	switch {
	case a == Rollout && w.notReplaced != "":
		return hint.New(fmt.Errorf("%s: %s", w, w.notReplaced), "use --action delete or evict, or change it: kubectl edit "+w.String()+" -n "+w.namespace)
	case a == ScaleDown && w.kind == "daemonsets":
		return hint.New(fmt.Errorf("%s cannot be scaled", w), "a DaemonSet has a pod on every node; use --action rollout, delete, evict or drain-node")
	case a == ScaleDown && w.replicas < 2:
		return hint.New(fmt.Errorf("scale-down of 1 replica leaves none"), "use --replicas 2 or more")
	}
	return nil
}

// restartedAt is what kubectl rollout restart sets.
const restartedAt = "kubectl.kubernetes.io/restartedAt"
