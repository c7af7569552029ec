package lab

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// steps are what the loop does for the action, each after the one before is
// complete.
func (l *loop) steps(a timeline.Action) ([]func(), error) {
	if l.replicas == 0 {
		return nil, errNotStarted
	}
	if err := Possible(l.cfg.Workload, a); err != nil {
		return nil, err
	}
	switch full := l.cfg.Workload.Replicas; a {
	case timeline.Rollout:
		return []func(){func() { l.revision++ }}, nil
	case timeline.Delete:
		return []func(){func() { l.remove(l.active()) }}, nil
	case timeline.Evict:
		return []func(){func() { l.remove(l.active()[:1]) }}, nil
	case timeline.ScaleDown:
		return []func(){func() { l.replicas = full }, func() { l.replicas = (full + 1) / 2 }}, nil
	}
	return nil, fmt.Errorf("the lab has no action %q", a)
}
