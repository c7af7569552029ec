package cluster

import (
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Others delete pods, too: when none is left there is nothing to act upon.
func TestNoPodIsLeft(t *testing.T) {
	s := newScript(t)
	for _, action := range []timeline.Action{timeline.Evict, timeline.DrainNode} {
		stage := &Stage{action: action, observer: s.o, target: new(Target)}
		if err := stage.perform(t.Context()); err == nil || hint.Of(err) == "" {
			t.Errorf("%s: %v, want an error with a hint", action, err)
		}
	}
}
