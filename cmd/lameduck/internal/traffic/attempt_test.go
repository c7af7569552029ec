package traffic

import (
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

// TestCausesOfEngines: the record has a class for every cause that an engine knows.
func TestCausesOfEngines(t *testing.T) {
	for _, cause := range engine.Causes {
		var a timeline.Attempt
		fail(&a, engine.Failure{Phase: engine.Wait, Cause: cause})
		if a.Class == "" || !a.Dropped() {
			t.Errorf("cause %q has no class", cause)
		}
	}
}
