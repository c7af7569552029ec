package diagnose

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// nodeEviction makes an eviction by the node of a termination: the pod is not
// deleted, and its endpoint stays as it is until it has exited.
func nodeEviction(run *timeline.Run) *timeline.Run {
	for i := range run.Events {
		if e := &run.Events[i]; e.Kind == timeline.Deleted {
			e.Kind, e.Detail = timeline.Evicted, "Evicted: The node was low on resource: memory."
		}
	}
	return run
}

// TestAnEvictionByTheNodeIsOneFinding whatever the server does, on the lab and
// on a cluster; and none if nothing was dropped. With -short each fault has one number of
// replicas.
func TestAnEvictionByTheNodeIsOneFinding(t *testing.T) {
	for n, f := range faults {
		if f.want == notReady || f.want == noEndpoint || f.preStop > 0 {
			continue // a fault of the other pod, or with a hook that no hard eviction waits for
		}
		t.Run(f.name, func(t *testing.T) {
			for i, others := range []int{0, 2} {
				if testing.Short() && i != n%2 {
					continue
				}
				sim := f.simulation
				sim.others = others
				lab := nodeEviction(sim.simulate())
				check := func(run *timeline.Run, what string) {
					want := map[string]int{}
					if n := dropped(run); n > 0 {
						want[evicted] = n
					}
					got := map[string]int{}
					for _, x := range Findings(run) {
						got[x.ID] = x.Drops
						if x.ID == evicted && !strings.Contains(x.Evidence, "low on resource") {
							t.Errorf("%s: %s", what, x.Evidence)
						}
					}
					if !maps.Equal(got, want) {
						t.Errorf("%s, %d other replicas: %v, want %v", what, others, got, want)
					}
				}
				check(lab, "lab")
				for _, header := range []bool{true, false} {
					vis := visibility{header: header}
					check(attributed(asCluster(copied(lab), vis, rand.New(rand.NewPCG(7, 7)))), fmt.Sprintf("%+v", vis))
				}
			}
		})
	}
}

func dropped(run *timeline.Run) int {
	n := 0
	for i := range run.Attempts {
		if run.Attempts[i].Dropped() {
			n++
		}
	}
	return n
}

// TestAnEvictionThroughTheAPI has a deletion first: the endpoints were updated,
// and the server is judged as always.
func TestAnEvictionThroughTheAPI(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Deleted, "a"),
		event(10*s+ms, timeline.Evicted, "a"), event(10*s+ms, timeline.Signalled, "a"), timeline.Event{At: 10*s + 2*ms, Kind: timeline.Exited, Pod: "a", Code: 2})
	found := Findings(&b.try(9*s, "a").try(11*s, "a", refused).Run)
	if len(found) != 1 || found[0].ID != exitsAtOnce {
		t.Errorf("%+v, want %s", found, exitsAtOnce)
	}
}

// TestADeletionByForce is no fault of the server, whatever it does; and no
// finding if nothing was dropped.
func TestADeletionByForce(t *testing.T) {
	begin := func() *built {
		return build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Deleted, "a"),
			event(10*s+ms, timeline.Forced, "a"), event(10*s+2*ms, timeline.Signalled, "a"))
	}
	found := Findings(&begin().try(9*s, "a").try(11*s, "a", refused).Run)
	if len(found) != 1 || found[0].ID != forced || !strings.Contains(found[0].Evidence, "removed from the API at 10.00 s") {
		t.Errorf("%+v, want %s", found, forced)
	}
	if found := Findings(&begin().try(9*s, "a").try(11*s, "a").Run); len(found) != 0 {
		t.Errorf("%+v, and nothing was dropped", found)
	}
}
