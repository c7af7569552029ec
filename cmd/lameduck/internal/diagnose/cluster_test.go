package diagnose

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// sight is how much of a run a cluster shows.
type sight struct {
	header  bool // the server names its pod in every answer
	seconds bool // an exit is told before its second is over (finishedAt)
}

// asACluster blurs a run of the lab into what the API server tells of it:
// dials have no pod, nor have connections unless the server names itself; the
// kubelet's news is late; nobody can look into a pod; the endpoints are the
// EndpointSlice's.
func asACluster(run *timeline.Run, see sight, r *rand.Rand) *timeline.Run {
	run.Stage, run.Accuracy = "cluster", 1500*ms
	forgetNames(run, see.header)
	var events []timeline.Event
	hook := timeline.Never // when it was told to have begun
	for _, e := range run.Events {
		told := e
		switch e.Kind {
		case timeline.Ready:
			told.At += upTo(r, 50*ms)
			events = append(events, timeline.Event{At: told.At, Kind: timeline.EndpointAdded, Pod: e.Pod})
		case timeline.Deleted:
			told.At += upTo(r, 50*ms)
			events = append(events, timeline.Event{At: told.At, Kind: timeline.EndpointTerminating, Pod: e.Pod})
		case timeline.PreStopEnded:
			continue
		case timeline.Started:
			told.At += upTo(r, 1500*ms)
		case timeline.PreStopStarted, timeline.Signalled, timeline.Evicted:
			told.At += upTo(r, 300*ms)
			switch { // nobody tells of the signal after a hook: it is reckoned
			case e.Kind == timeline.PreStopStarted:
				hook = told.At - e.At
			case e.Kind == timeline.Signalled && hook != timeline.Never:
				told.At = e.At + hook
			}
			told.Caught, told.HandlerUnknown = e.Kind == timeline.Signalled, e.Kind == timeline.Signalled
		case timeline.Killed:
			continue
		case timeline.Exited:
			told.At += 50*ms + upTo(r, 1450*ms)
			if see.seconds {
				told.At = min(told.At, e.At.Truncate(s)+s)
			}
			events = append(events, timeline.Event{At: told.At + upTo(r, 50*ms), Kind: timeline.EndpointRemoved, Pod: e.Pod})
			if told.Code == 137 {
				events = append(events, timeline.Event{At: told.At, Kind: timeline.Killed, Pod: e.Pod})
			}
		}
		events = append(events, told)
	}
	slices.SortStableFunc(events, func(a, b timeline.Event) int { return cmp.Compare(a.At, b.At) })
	run.Events = events
	return run
}

// forgetNames leaves a name only where the answer of a server gave it.
func forgetNames(run *timeline.Run, header bool) {
	named := map[uint64]bool{}
	for i := range run.Attempts {
		a := &run.Attempts[i]
		if a.Pattern == "new" {
			a.End = timeline.Open // such a client says itself that it will close
		}
		named[a.Conn] = named[a.Conn] || header && a.Conn != 0 && a.Status != 0
		if !named[a.Conn] {
			a.Pod = ""
		}
	}
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// TestAClusterTellsTheSame plays every fault as a cluster sees it, with one
// replica and with three.
func TestAClusterTellsTheSame(t *testing.T) {
	for _, f := range faults {
		for _, see := range []sight{{header: true}, {}, {true, true}, {false, true}} {
			for _, twins := range []int{0, 2} {
				if twins > 0 && f.replaced != 0 {
					continue // there is another endpoint then
				}
				t.Run(fmt.Sprintf("%s/%+v/%d replicas", f.name, see, twins+1), func(t *testing.T) {
					for seed := range uint64(2) {
						play := f.theatre
						play.twins = twins
						run := timeline.Attribute(asACluster(play.play(), see, rand.New(rand.NewPCG(seed, 3))))
						found := Findings(run)
						if len(found) > 1 || len(found) == 0 != (f.want == "") || len(found) == 1 && found[0].ID != f.want {
							t.Errorf("seed %d, want %q alone", seed, f.want)
							if *show {
								print(found, Recommend(run))
							} else {
								for _, x := range found {
									t.Logf("%s: %s", x.ID, x.Evidence)
								}
							}
						}
						checkSum(t, run, found)
					}
				})
			}
		}
	}
}
