package lab

import (
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
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
	return "", hint.New(fmt.Errorf("unknown action %q", s), "use one of "+strings.Join(names, ", "))
}

// steps are what the loop does for the action, each after the one before is
// complete.
func (l *loop) steps(a Action) ([]func(), error) {
	if l.replicas == 0 {
		return nil, errNotStarted
	}
	switch full := l.cfg.Workload.Replicas; a {
	case Rollout:
		return []func(){func() { l.revision++ }}, nil
	case Delete:
		return []func(){func() { l.remove(l.active()) }}, nil
	case Evict:
		return []func(){func() { l.remove(l.active()[:1]) }}, nil
	case ScaleDown:
		if full < 2 {
			return nil, hint.New(fmt.Errorf("scale-down starts with only %d replica", full), "use --replicas 2 or more")
		}
		return []func(){func() { l.replicas = full }, func() { l.replicas = (full + 1) / 2 }}, nil
	}
	_, err := ParseAction(string(a))
	return nil, err
}
