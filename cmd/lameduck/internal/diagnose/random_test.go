package diagnose

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// However odd the run, every drop is explained exactly once, and the same run
// has the same findings.
func TestEveryDropIsExplainedOnce(t *testing.T) {
	for seed := range uint64(1500) {
		run := randomRun(rand.New(rand.NewPCG(seed, 1)))
		run = attributed(run)
		found := Findings(run)
		checkSum(t, run, found)
		if diff := cmp.Diff(found, Findings(run)); diff != "" {
			t.Error(diff)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestAKilledPodDoesNotExitAtOnce: a rule before exits-at-once holds for each pod that was
// killed, however odd the run.
func TestAKilledPodDoesNotExitAtOnce(t *testing.T) {
	killed := 0
	for seed := range uint64(1500) {
		run := attributed(withClasses(randomRun(rand.New(rand.NewPCG(seed, 9)))))
		s, err := newRunFacts(run, run.InMemory)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.pods {
			if p.Killed == never || !p.own.stopsAtOnce {
				continue
			}
			if killed++; p.fault == "" || p.fault == exitsAtOnce {
				t.Errorf("seed %d: %s has the fault %q", seed, p.Name, p.fault)
			}
		}
	}
	if killed == 0 {
		t.Error("no pod was killed that had stopped at once")
	}
}

func randomRun(r *rand.Rand) *timeline.Run {
	kinds := []timeline.Kind{timeline.Started, timeline.Ready, timeline.Unready, timeline.NeverReady, timeline.Deleted,
		timeline.PreStopStarted, timeline.PreStopEnded, timeline.Signalled, timeline.Killed, timeline.Exited, timeline.Restarted,
		timeline.EndpointAdded, timeline.EndpointTerminating, timeline.EndpointRemoved, timeline.Evicted, timeline.Forced,
		timeline.AcceptQueue, timeline.ListenerClosed, timeline.ActionStarted}
	run := &timeline.Run{Stage: pick(r, "lab", "cluster"), Action: "rollout", Accuracy: pick(r, 0, 300*ms, 1500*ms),
		Spec: timeline.Spec{Grace: moment(r), PreStop: pick(r, "", "sleep"), Command: []string{"sh", "-c", "x"}}}
	for range r.IntN(20) {
		run.Events = append(run.Events, timeline.Event{At: moment(r), Kind: pick(r, kinds...), Pod: pick(r, "a", "b", "c"),
			Caught: r.IntN(2) == 0, HandlerUnknown: r.IntN(2) == 0, Source: pick(r, "", timeline.SourceProxy), Node: pick(r, "n1", "n2", "n3"), Code: r.IntN(3), Signal: pick(r, "", "SIGTERM"), Detail: pick(r, "", "detail"),
			After: moment(r), Waiting: r.IntN(3), StalledAfter: moment(r), StalledBy: moment(r)})
	}
	causes := append([]timeline.Cause{"", "", "", "abnormal-close"}, timeline.Causes...)
	for range r.IntN(60) {
		at := moment(r)
		a := timeline.Attempt{Pattern: pick(r, "new", "keepalive", "slow"), Control: r.IntN(10) == 0, Scheduled: at, Started: pick(r, at, at, at, never),
			Sent: pick(r, never, at), Ended: at + moment(r)/4, Conn: r.Uint64N(8), Reused: r.IntN(2) == 0,
			Pod: pick(r, "", "a", "b", "c", "without-events"), Bytes: r.Int64N(2), Cause: pick(r, causes...),
			End: pick(r, timeline.Open, timeline.Announced, timeline.FIN, timeline.Broken), EndedConn: moment(r)}
		run.Attempts = append(run.Attempts, a)
	}
	return run
}

func moment(r *rand.Rand) time.Duration { return time.Duration(r.IntN(10_000)) * time.Millisecond }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// On a busy machine clients notice late, and so does the process that waits for
// the pod. The findings must not change.
func TestFindingsHoldOnABusyMachine(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for seed := range uint64(4) {
				run := f.simulate()
				delayed(run, rand.New(rand.NewPCG(seed, 2)))
				found := Findings(run)
				if len(found) > 1 || len(found) == 0 != (f.want == "") || len(found) == 1 && found[0].ID != f.want {
					t.Errorf("seed %d, want %q alone", seed, f.want)
					print(found, Recommend(run))
				}
			}
		})
	}
}

func delayed(run *timeline.Run, r *rand.Rand) {
	for i := range run.Attempts {
		a := &run.Attempts[i]
		by := time.Duration(r.IntN(25)) * time.Millisecond
		a.Ended += by
		if a.EndedConn > 0 {
			a.EndedConn += by
		}
	}
	for i := 0; i < len(run.Events); i++ { // it grows
		if e := &run.Events[i]; e.Kind == timeline.Exited {
			look := timeline.Event{Kind: timeline.ListenerClosed, Pod: e.Pod, After: e.At - lookPeriod, At: e.At}
			if e.At += time.Duration(r.IntN(150)) * time.Millisecond; e.At > look.At+lookPeriod {
				run.Events = slices.Insert(run.Events, i, look)
				i++
			}
		}
	}
}
