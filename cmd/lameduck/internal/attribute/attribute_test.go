package attribute

import (
	gocmp "cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const (
	sec = time.Second
	ms  = time.Millisecond
)

// two is a cluster with a pod that is signalled at 10 s and exits at 20 s, and
// one that is ready from 9 s on.
func two(attempts ...timeline.Attempt) *timeline.Run {
	return &timeline.Run{Stage: "cluster", Accuracy: 1500 * ms, Attempts: attempts, Events: []timeline.Event{
		{Kind: timeline.Started, Pod: "old"}, {Kind: timeline.Ready, Pod: "old"}, {Kind: timeline.EndpointAdded, Pod: "old"},
		{At: 8 * sec, Kind: timeline.Started, Pod: "new"}, {At: 9 * sec, Kind: timeline.Ready, Pod: "new"}, {At: 9 * sec, Kind: timeline.EndpointAdded, Pod: "new"},
		{At: 10 * sec, Kind: timeline.Deleted, Pod: "old"}, {At: 10 * sec, Kind: timeline.EndpointTerminating, Pod: "old"},
		{At: 10100 * ms, Kind: timeline.Signalled, Pod: "old", HandlerUnknown: true},
		{At: 20 * sec, Kind: timeline.Exited, Pod: "old"}, {At: 20 * sec, Kind: timeline.EndpointRemoved, Pod: "old"},
	}}
}

// concluded are the attempts of a run with what is concluded, in the order in which they began.
func concluded(run *timeline.Run) (all []timeline.Attempt) {
	attempts, err := Run(run, run.InMemory)
	if err == nil {
		err = attempts(func(a *timeline.Attempt) { all = append(all, *a) })
	}
	if err != nil {
		panic(err)
	}
	return all
}

func served(conn uint64, at time.Duration) timeline.Attempt {
	return timeline.Attempt{Conn: conn, Started: at, Ended: at + ms, Status: 200}
}

func TestAttribute(t *testing.T) {
	then := func(a timeline.Attempt, change func(*timeline.Attempt)) timeline.Attempt { change(&a); return a }
	cut := func(conn uint64, from, at time.Duration) timeline.Attempt {
		return timeline.Attempt{Conn: conn, Reused: true, Started: from, Ended: at, Cause: timeline.EOF, End: timeline.Broken, EndedConn: at}
	}
	refused := func(at time.Duration) timeline.Attempt {
		return timeline.Attempt{Started: at, Ended: at, Cause: timeline.Refused}
	}
	announced := func(a *timeline.Attempt) { a.End, a.EndedConn = timeline.Announced, a.Ended }
	failing := func(a *timeline.Attempt) { a.Cause, a.Status = timeline.Status5xx, 503 }
	for _, tt := range []struct {
		name     string
		attempts []timeline.Attempt
		want     []string // "pod by"
	}{
		{"before there is another pod", []timeline.Attempt{served(1, sec)}, []string{"old exclusion"}},
		{"after the other has exited", []timeline.Attempt{served(1, 21*sec)}, []string{"new exclusion"}},
		{"while both are there", []timeline.Attempt{served(1, 12*sec)}, []string{" "}},
		{"a name on one attempt holds for all", []timeline.Attempt{served(1, 12*sec), then(served(1, 13*sec), func(a *timeline.Attempt) { a.Pod = "old" }), cut(1, 14*sec, 15*sec)},
			[]string{"old exclusion", "old ", "old exclusion"}},
		{"it outlived the exit", []timeline.Attempt{served(1, 12*sec), served(1, 21*sec)}, []string{"new exclusion", "new exclusion"}},
		{"cut at the exit, which is reported late", []timeline.Attempt{served(1, 12*sec), cut(1, 18900*ms, 19*sec)}, []string{"old exclusion", "old exclusion"}},
		{"cut long before the exit, while one terminates", []timeline.Attempt{served(1, 12*sec), cut(1, 13*sec, 14*sec)}, []string{"old exclusion", "old exclusion"}},
		{"closed while idle over the exit", []timeline.Attempt{then(served(1, 12*sec), func(a *timeline.Attempt) { a.End, a.EndedConn = timeline.FIN, 22*sec })}, []string{"old likelihood"}},
		{"an announced end while one terminates", []timeline.Attempt{served(1, 9500*ms), then(served(1, 12*sec), announced)}, []string{"old exclusion", "old exclusion"}},
		{"an announced end of a server that always sends it", []timeline.Attempt{then(served(1, sec), announced), then(served(2, 12*sec), announced)}, []string{"old exclusion", " "}},
		{"an error while one terminates", []timeline.Attempt{then(served(1, 12*sec), failing)}, []string{"old exclusion"}},
		{"an error of a server that always fails", []timeline.Attempt{then(served(1, sec), failing), then(served(2, 12*sec), failing)}, []string{"old exclusion", " "}},
		{"refused while one terminates", []timeline.Attempt{refused(12 * sec)}, []string{"old exclusion"}},
		{"refused by one that accepted a connection later", []timeline.Attempt{refused(12 * sec), served(1, 13*sec), cut(1, 19*sec, 19*sec)}, []string{"new exclusion", "old exclusion", "old exclusion"}},
		{"refused by one that has exited", []timeline.Attempt{refused(21 * sec)}, []string{"old exclusion"}},
		{"refused when every proxy is updated", []timeline.Attempt{refused(41 * sec)}, []string{"new exclusion"}},
		{"refused with no pod terminating", []timeline.Attempt{refused(sec)}, []string{"old exclusion"}},
		{"a SYN without an answer", []timeline.Attempt{{Started: 12 * sec, Ended: 17 * sec, Cause: timeline.DialTimeout}}, []string{"old exclusion"}},
		{"in the accept queue of a server that no longer accepts", []timeline.Attempt{{Conn: 1, Started: 12 * sec, Ended: 22 * sec, Cause: timeline.Timeout}}, []string{"old exclusion"}},
		{"not started", []timeline.Attempt{{Started: timeline.Never, Cause: timeline.Timeout}}, []string{" "}},
		{"the control target", []timeline.Attempt{{Control: true, Started: sec, Ended: sec, Cause: timeline.Refused}}, []string{" "}},
		{"a stage that names the pods it dials", []timeline.Attempt{then(refused(12*sec), func(a *timeline.Attempt) { a.Pod = "old" }), refused(13 * sec)}, []string{"old ", " "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, a := range concluded(two(tt.attempts...)) {
				got = append(got, fmt.Sprintf("%s %s", a.Pod, a.PodBy))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAPodGetsConnectionsAsAnEndpoint: not as soon as it is ready.
func TestAPodGetsConnectionsAsAnEndpoint(t *testing.T) {
	refused := timeline.Attempt{Started: 9500 * ms, Ended: 9500 * ms, Cause: timeline.Refused}
	run := two(refused, served(1, 12*sec), served(2, 16*sec))
	for i := range run.Events {
		if e := &run.Events[i]; e.Pod == "new" && e.Kind == timeline.EndpointAdded {
			e.At = 15 * sec
		}
	}
	for i, want := range []string{"old", "old", ""} {
		if a := concluded(run)[i]; a.Pod != want {
			t.Errorf("at %v: %q, want %q", a.Started, a.Pod, want)
		}
	}
}

// TestNoEndpointHasNoPod: the slices have no endpoint from the removal of the
// last pod to the addition of the next.
func TestNoEndpointHasNoPod(t *testing.T) {
	run := two()
	for i := range run.Events {
		if e := &run.Events[i]; e.Pod == "new" {
			e.At += 20 * sec
		}
	}
	want := map[time.Duration]string{19 * sec: "old", 22 * sec: "", 28 * sec: ""}
	for at := range want {
		run.Attempts = append(run.Attempts, timeline.Attempt{Started: at, Ended: at, Cause: timeline.Refused})
	}
	for _, a := range concluded(run) {
		if a.Pod != want[a.Ended] {
			t.Errorf("refused at %v: %q, want %q", a.Ended, a.Pod, want[a.Ended])
		}
	}
}

// TestNoEndpointUntilTheProxiesAreUpdated: a ready pod gets no connection
// before.
func TestNoEndpointUntilTheProxiesAreUpdated(t *testing.T) {
	run := two()
	for i := range run.Events {
		if e := &run.Events[i]; e.Pod == "new" {
			e.At += 20 * sec
		}
	}
	for node := range 2 {
		run.Events = append(run.Events, timeline.Event{At: time.Duration(31-node) * sec, Kind: timeline.EndpointAdded, Pod: "new", Source: timeline.SourceProxy, Node: fmt.Sprint("n", 1+node)})
	}
	want := map[time.Duration]string{30500 * ms: "", 31200 * ms: "", 31500 * ms: "old", 52 * sec: "new"}
	for at := range want {
		run.Attempts = append(run.Attempts, timeline.Attempt{Started: at, Ended: at, Cause: timeline.Refused})
	}
	for _, a := range concluded(run) {
		if a.Pod != want[a.Ended] {
			t.Errorf("refused at %v: %q, want %q", a.Ended, a.Pod, want[a.Ended])
		}
	}
}

// TestConntrackKeepsTheRouteOfASYN: a node routes it to a pod that has exited,
// for two minutes.
func TestConntrackKeepsTheRouteOfASYN(t *testing.T) {
	hangs := func(at time.Duration) timeline.Attempt {
		return timeline.Attempt{Started: at, Ended: at + 5*sec, Cause: timeline.DialTimeout}
	}
	run := two(hangs(21*sec), hangs(60*sec), timeline.Attempt{Started: 61 * sec, Ended: 61 * sec, Cause: timeline.Refused}, hangs(150*sec))
	for i, want := range []string{"old", "old", "new", "new"} {
		if a := concluded(run)[i]; a.Pod != want {
			t.Errorf("%s at %v: %q, want %q", a.Cause, a.Started, a.Pod, want)
		}
	}
	if a := concluded(two(hangs(60 * sec)))[0]; a.Pod != "new" {
		t.Errorf("no SYN was unanswered before: %q", a.Pod)
	}
}

// TestKubeProxyRemovedThePod: where the proxy of every node has removed the
// pod, no new connection belongs to it.
func TestKubeProxyRemovedThePod(t *testing.T) {
	run := two(served(1, 12*sec), served(2, 14*sec))
	run.Events = append(run.Events, timeline.Event{At: 11 * sec, Kind: timeline.EndpointRemoved, Pod: "old", Source: timeline.SourceProxy, Node: "n1"}, timeline.Event{At: 13 * sec, Kind: timeline.EndpointRemoved, Pod: "old", Source: timeline.SourceProxy, Node: "n2"})
	got := concluded(run)
	if got[0].Pod != "" || got[1].Pod != "new" || got[1].PodBy != timeline.Inferred {
		t.Errorf("%+v", got)
	}
}

// TestAProxyThatIsLaterThanItsMetrics: a refusal between connections that the
// running pod accepted belongs to the terminating pod, even after the metrics
// of the proxies show its removal.
func TestAProxyThatIsLaterThanItsMetrics(t *testing.T) {
	refused := timeline.Attempt{Started: 15 * sec, Ended: 15 * sec, Cause: timeline.Refused}
	run := two(served(1, 14*sec), refused, served(2, 16*sec))
	for node := range 2 {
		run.Events = append(run.Events, timeline.Event{At: 13 * sec, Kind: timeline.EndpointRemoved, Pod: "old", Source: timeline.SourceProxy, Node: fmt.Sprint("n", 1+node)})
	}
	if a := concluded(run)[1]; a.Pod != "old" || a.PodBy != timeline.Probable {
		t.Errorf("refused at %q (%v), want old", a.Pod, a.PodBy)
	}
}

// TestAddedAgain: by the proxies that had removed it, as after a probe that
// failed once.
func TestAddedAgain(t *testing.T) {
	run := two(served(1, 14*sec))
	for node := range 2 {
		run.Events = append(run.Events, timeline.Event{At: 2 * sec, Kind: timeline.EndpointRemoved, Pod: "old", Source: timeline.SourceProxy, Node: fmt.Sprint("n", 1+node)}, timeline.Event{At: 3 * sec, Kind: timeline.EndpointAdded, Pod: "old", Source: timeline.SourceProxy, Node: fmt.Sprint("n", 1+node)})
	}
	if a := concluded(run)[0]; a.Pod != "" {
		t.Errorf("%q alone is possible", a.Pod)
	}
}

// TestALikelyPodIsNotLate: an attempt whose pod is only probable is no late
// arrival.
func TestALikelyPodIsNotLate(t *testing.T) {
	run := two(timeline.Attempt{Pod: "old", PodBy: timeline.Inferred, Started: 11 * sec}, timeline.Attempt{Pod: "old", PodBy: timeline.Probable, Started: 12 * sec})
	late := timeline.NewLateArrivals(run.Events)
	_ = run.InMemory(late.Add)
	if old := late["old"]; old.Connections != 1 || old.LastConnection != 900*ms {
		t.Errorf("%+v", old)
	}
}

// TestAttributeHolds: for any run, what was observed stays as it was, one
// connection has one pod, and to read again changes nothing.
func TestAttributeHolds(t *testing.T) {
	kinds := []timeline.Kind{timeline.Started, timeline.Ready, timeline.Unready, timeline.Deleted, timeline.PreStopStarted, timeline.Signalled, timeline.Killed, timeline.Exited, timeline.Restarted, timeline.Evicted, timeline.Forced, timeline.EndpointAdded, timeline.EndpointTerminating, timeline.EndpointRemoved}
	causes := append([]timeline.Cause{"", "", ""}, timeline.Causes...)
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 4))
		at := func() time.Duration { return time.Duration(r.IntN(60_000)) * ms }
		run := &timeline.Run{Stage: "cluster", Accuracy: time.Duration(r.IntN(1500)) * ms}
		for range r.IntN(30) {
			run.Events = append(run.Events, timeline.Event{At: at(), Kind: kinds[r.IntN(len(kinds))], Pod: string(rune('a' + r.IntN(4))), Source: []timeline.Source{timeline.SourceSlice, timeline.SourceProxy}[r.IntN(2)], Node: fmt.Sprint("n", r.IntN(3))})
		}
		for range r.IntN(80) {
			a := timeline.Attempt{Started: at(), Conn: r.Uint64N(12), Cause: causes[r.IntN(len(causes))], End: []timeline.End{timeline.Open, timeline.Announced, timeline.FIN, timeline.Broken}[r.IntN(4)]}
			a.Ended, a.EndedConn = a.Started+at()/9, a.Started+at()/3
			run.Attempts = append(run.Attempts, a)
		}
		attempts, _ := Run(run, run.InMemory)
		var once, again []timeline.Attempt
		_ = attempts(func(a *timeline.Attempt) { once = append(once, *a) })
		_ = attempts(func(a *timeline.Attempt) { again = append(again, *a) })
		if diff := cmp.Diff(once, again); diff != "" {
			t.Fatalf("seed %d: again: %s", seed, diff)
		}
		slices.SortStableFunc(run.Attempts, func(a, b timeline.Attempt) int { return gocmp.Compare(a.Started, b.Started) })
		pods := map[uint64]string{}
		for i, a := range once {
			if pod, seen := pods[a.Conn]; seen && a.Conn != 0 && pod != a.Pod {
				t.Fatalf("seed %d: connection %d is of %q and %q", seed, a.Conn, pod, a.Pod)
			}
			pods[a.Conn] = a.Pod
			a.Pod, a.PodBy, a.Void = "", timeline.Observed, false
			if a != run.Attempts[i] {
				t.Fatalf("seed %d: %+v was %+v", seed, a, run.Attempts[i])
			}
		}
	}
}

// TestTheLabNeedsNoAttribution: in the lab an attempt without a pod met a
// Service without an endpoint.
func TestTheLabNeedsNoAttribution(t *testing.T) {
	run := two(served(1, sec))
	run.Stage = "lab"
	if got := concluded(run); got[0].Pod != "" {
		t.Errorf("%+v", got)
	}
}

func TestT0WhereEventsAreLost(t *testing.T) {
	for _, tt := range []struct {
		name         string
		events       []timeline.Event
		t0, earliest time.Duration
	}{
		{"evicted, no more is seen", []timeline.Event{{At: 5 * sec, Kind: timeline.Evicted, Detail: "Evicted"}}, 5 * sec, 3500 * ms},
		{"deleted, and exited", []timeline.Event{{At: 5 * sec, Kind: timeline.Deleted}, {At: 6 * sec, Kind: timeline.Exited}}, 5 * sec, 4750 * ms},
		{"deleted after it had crashed", []timeline.Event{{At: 4 * sec, Kind: timeline.Exited}, {At: 5 * sec, Kind: timeline.Deleted}}, timeline.Never, timeline.Never},
		{"the signal is reported late", []timeline.Event{{At: 5 * sec, Kind: timeline.Deleted}, {At: 5300 * ms, Kind: timeline.Signalled}}, 5300 * ms, 4750 * ms},
		{"the signal is reported before the deletion", []timeline.Event{{At: 5 * sec, Kind: timeline.Signalled}, {At: 5100 * ms, Kind: timeline.Deleted}}, 5 * sec, 4750 * ms},
	} {
		p := timeline.Pods(tt.events)[0]
		if t0, earliest := p.T0(), EarliestT0(&p, NewAccuracy(&timeline.Run{Accuracy: 1500 * ms})); t0 != tt.t0 || earliest != tt.earliest {
			t.Errorf("%s: T0 %v, earliest %v; want %v, %v", tt.name, t0, earliest, tt.t0, tt.earliest)
		}
		if EarliestT0(&p, NewAccuracy(&timeline.Run{})) != p.T0() {
			t.Errorf("%s: the lab is exact", tt.name)
		}
	}
}
