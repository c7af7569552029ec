package lab

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// Action is one way in which pods are replaced or removed.
type Action string

const (
	// Rollout replaces every pod by the Deployment's strategy.
	Rollout Action = "rollout"
	// Delete deletes all pods at once, as kubectl delete pod -l does; the
	// ReplicaSet replaces them at once.
	Delete Action = "delete"
	// ScaleDown halves the replicas, rounding up: from 3 to 2, from 2 to 1.
	// It needs two. When it is repeated, the lab first scales up again.
	ScaleDown Action = "scale-down"
	// Evict removes one pod through the Eviction API, as kubectl drain does.
	// There is no surge: the replacement is created after the eviction.
	Evict Action = "evict"
)

// Actions lists them all, in the order help texts use.
var Actions = []Action{Rollout, Delete, ScaleDown, Evict}

// ParseAction reads the name of an action.
func ParseAction(s string) (Action, error) {
	names := make([]string, len(Actions))
	for i, a := range Actions {
		if string(a) == s {
			return a, nil
		}
		names[i] = string(a)
	}
	return "", hint.New(fmt.Errorf("unknown action %q", s), hint.DidYouMean(s, names, "use one of "+strings.Join(names, ", ")))
}

// Possible returns why an action would replace no pod of the workload.
func Possible(w *manifest.Workload, a Action) error {
	const deleteThem = "use --action delete: it replaces them"
	switch s := w.Strategy; {
	case a == ScaleDown && w.Kind == daemonSet:
		return hint.New(errors.New("a DaemonSet cannot be scaled down: it has one pod on each node"), "use another --action")
	case a == ScaleDown && w.Replicas < 2:
		return hint.New(errors.New("scale-down of 1 replica leaves none"), "use --replicas 2 or more")
	case a == Rollout && s.Type == "OnDelete":
		return hint.New(errors.New("a rollout replaces no pod: the update strategy is OnDelete"), deleteThem)
	case a == Rollout && w.Kind == statefulSet && s.Partition >= s.FirstOrdinal+w.Replicas:
		return hint.New(fmt.Errorf("a rollout replaces no pod: the partition of %d is above all %d replicas", s.Partition, w.Replicas), deleteThem)
	}
	return nil
}
