package lab

import (
	"errors"
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Actions are those of the lab, in the order help texts use. An eviction has no
// surge: the replacement is created after the eviction. When ScaleDown is repeated,
// the lab first scales up again.
var Actions = []timeline.Action{timeline.Rollout, timeline.Delete, timeline.ScaleDown, timeline.Evict}

// Possible returns why an action would replace no pod of the workload.
func Possible(w *manifest.Workload, a timeline.Action) error {
	const deleteThem = "use --action delete: it replaces them"
	switch s := w.Strategy; {
	case a == timeline.ScaleDown && w.Kind == daemonSet:
		return hint.New(errors.New("a DaemonSet cannot be scaled down: it has one pod on each node"), "use another --action")
	case a == timeline.ScaleDown && w.Replicas < 2:
		return hint.New(errors.New("scale-down of 1 replica leaves none"), "use --replicas 2 or more")
	case a == timeline.Rollout && s.Type == "OnDelete":
		return hint.New(errors.New("a rollout replaces no pod: the update strategy is OnDelete"), deleteThem)
	case a == timeline.Rollout && w.Kind == statefulSet && s.Partition >= s.FirstOrdinal+w.Replicas:
		return hint.New(fmt.Errorf("a rollout replaces no pod: the partition of %d is above all %d replicas", s.Partition, w.Replicas), deleteThem)
	}
	return nil
}
