package diagnose

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
	hooks := map[string]time.Duration{} // how late each is told to have begun
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
				hooks[e.Pod] = told.At - e.At
			case e.Kind == timeline.Signalled && hooks[e.Pod] > 0:
				told.At = e.At + hooks[e.Pod]
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
		for _, twins := range []int{0, 2} {
			if twins > 0 && f.replaced != 0 {
				continue // there is another endpoint then
			}
			t.Run(fmt.Sprintf("%s/%d replicas", f.name, twins+1), func(t *testing.T) {
				play := f.theatre
				play.twins = twins
				lab := play.play()
				for seed := range uint64(4) {
					see := sight{header: seed%2 == 0, seconds: seed >= 2}
					check(t, asACluster(copied(lab), see, rand.New(rand.NewPCG(seed, 3))), f.want, fmt.Sprintf("seed %d, %+v", seed, see))
				}
			})
		}
	}
}

// TestARolloutOfThreeTellsTheSame replaces three pods one after the other, or
// all at once, so that several terminate at the same time.
func TestARolloutOfThreeTellsTheSame(t *testing.T) {
	for _, f := range faults {
		if f.replaced != 0 || f.want == notReady {
			continue // for the latter see TestWhoRefusedIsInDoubt
		}
		t.Run(f.name, func(t *testing.T) {
			one := f.play()
			for i, apart := range []time.Duration{0, 1500 * ms, 6 * s} {
				lab := thrice(one, apart)
				check(t, copied(lab), f.want, fmt.Sprintf("lab, %v apart", apart))
				for _, header := range []bool{true, false} {
					see := sight{header: header}
					check(t, asACluster(copied(lab), see, rand.New(rand.NewPCG(uint64(i), 5))), f.want, fmt.Sprintf("%+v, %v apart", see, apart))
				}
			}
		})
	}
}

// TestWhoRefusedIsInDoubt: while one pod does not listen yet, another has been
// told to stop and a third has left, nothing tells which of them refused a
// dial, even if every answer names its pod: a refusal is no answer. Then no
// more is asked than that each drop is explained once by one of the three, and
// that the evidence says that the pod is only likely.
func TestWhoRefusedIsInDoubt(t *testing.T) {
	i := slices.IndexFunc(faults, func(f fault) bool { return f.want == notReady })
	for _, apart := range []time.Duration{0, 1500 * ms, 6 * s} {
		run := timeline.Attribute(asACluster(thrice(faults[i].play(), apart), sight{}, rand.New(rand.NewPCG(1, 6))))
		found := Findings(run)
		checkSum(t, run, found)
		doubt := 0
		for _, x := range found {
			if !slices.Contains([]string{notReady, closesEarly, delayShorter, unexplained}, x.ID) {
				t.Errorf("%v apart: %s", apart, x.ID)
			}
			if strings.Contains(x.Evidence, "only likely") {
				doubt++
			}
		}
		if doubt == 0 {
			t.Errorf("%v apart: no doubt in %v", apart, found)
		}
	}
}

func check(t *testing.T, run *timeline.Run, want, what string) {
	t.Helper()
	run = timeline.Attribute(run)
	found := Findings(run)
	if len(found) > 1 || len(found) == 0 != (want == "") || len(found) == 1 && found[0].ID != want {
		t.Errorf("%s: want %q alone", what, want)
		for _, x := range found {
			t.Logf("%s: %s", x.ID, x.Evidence)
		}
	}
	checkSum(t, run, found)
}

func copied(run *timeline.Run) *timeline.Run {
	again := *run
	again.Attempts, again.Events = slices.Clone(run.Attempts), slices.Clone(run.Events)
	return &again
}

// thrice plays a run three times over, each so much later and with pods,
// clients and connections of its own.
func thrice(run *timeline.Run, apart time.Duration) *timeline.Run {
	all := *run
	all.Attempts, all.Events = nil, nil
	for i := range 3 {
		by, suffix := apart*time.Duration(i), fmt.Sprintf("-%c", 'a'+i)
		for _, a := range run.Attempts {
			for _, at := range []*time.Duration{&a.Scheduled, &a.Started, &a.Sent, &a.Ended} {
				if *at != never {
					*at += by
				}
			}
			if a.End != timeline.Open {
				a.EndedConn += by
			}
			if a.Conn != 0 {
				a.Conn = a.Conn*3 + uint64(i)
			}
			if a.Pod != "" {
				a.Pod += suffix
			}
			all.Attempts = append(all.Attempts, a)
		}
		for _, e := range run.Events {
			e.Pod += suffix
			e.At += by
			all.Events = append(all.Events, e)
		}
	}
	slices.SortStableFunc(all.Attempts, func(a, b timeline.Attempt) int { return cmp.Compare(a.Ended, b.Ended) })
	slices.SortStableFunc(all.Events, func(a, b timeline.Event) int { return cmp.Compare(a.At, b.At) })
	return &all
}
