package timeline

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sec = time.Second

// two is a cluster with a pod that is signalled at 10 s and exits at 20 s, and
// one that is ready from 9 s on.
func two(attempts ...Attempt) *Run {
	return &Run{Stage: "cluster", Accuracy: 1500 * ms, Attempts: attempts, Events: []Event{
		{Kind: Started, Pod: "old"}, {Kind: Ready, Pod: "old"}, {Kind: EndpointAdded, Pod: "old"},
		{At: 8 * sec, Kind: Started, Pod: "new"}, {At: 9 * sec, Kind: Ready, Pod: "new"}, {At: 9 * sec, Kind: EndpointAdded, Pod: "new"},
		{At: 10 * sec, Kind: Deleted, Pod: "old"}, {At: 10 * sec, Kind: EndpointTerminating, Pod: "old"},
		{At: 10100 * ms, Kind: Signalled, Pod: "old", HandlerUnknown: true},
		{At: 20 * sec, Kind: Exited, Pod: "old"}, {At: 20 * sec, Kind: EndpointRemoved, Pod: "old"},
	}}
}

func served(conn uint64, at time.Duration) Attempt {
	return Attempt{Conn: conn, Started: at, Ended: at + ms, Status: 200}
}

func TestAttribute(t *testing.T) {
	then := func(a Attempt, change func(*Attempt)) Attempt { change(&a); return a }
	cut := func(conn uint64, from, at time.Duration) Attempt {
		return Attempt{Conn: conn, Reused: true, Started: from, Ended: at, Cause: EOF, End: Broken, EndedConn: at}
	}
	refused := func(at time.Duration) Attempt { return Attempt{Started: at, Ended: at, Cause: Refused} }
	announced := func(a *Attempt) { a.End, a.EndedConn = Announced, a.Ended }
	failing := func(a *Attempt) { a.Cause, a.Status = Status5xx, 503 }
	for _, tt := range []struct {
		name     string
		attempts []Attempt
		want     []string // "pod by"
	}{
		{"before there is another pod", []Attempt{served(1, sec)}, []string{"old exclusion"}},
		{"after the other has exited", []Attempt{served(1, 21*sec)}, []string{"new exclusion"}},
		{"while both are there", []Attempt{served(1, 12*sec)}, []string{" "}},
		{"a name on one attempt holds for all", []Attempt{served(1, 12*sec), then(served(1, 13*sec), func(a *Attempt) { a.Pod = "old" }), cut(1, 14*sec, 15*sec)},
			[]string{"old exclusion", "old ", "old exclusion"}},
		{"it outlived the exit", []Attempt{served(1, 12*sec), served(1, 21*sec)}, []string{"new exclusion", "new exclusion"}},
		{"cut at the exit, which is reported late", []Attempt{served(1, 12*sec), cut(1, 18900*ms, 19*sec)}, []string{"old exclusion", "old exclusion"}},
		{"cut long before the exit, while one terminates", []Attempt{served(1, 12*sec), cut(1, 13*sec, 14*sec)}, []string{"old exclusion", "old exclusion"}},
		{"closed while idle over the exit", []Attempt{then(served(1, 12*sec), func(a *Attempt) { a.End, a.EndedConn = FIN, 22*sec })}, []string{"old likelihood"}},
		{"an announced end while one terminates", []Attempt{served(1, 9500*ms), then(served(1, 12*sec), announced)}, []string{"old exclusion", "old exclusion"}},
		{"an announced end of a server that always sends it", []Attempt{then(served(1, sec), announced), then(served(2, 12*sec), announced)}, []string{"old exclusion", " "}},
		{"an error while one terminates", []Attempt{then(served(1, 12*sec), failing)}, []string{"old exclusion"}},
		{"an error of a server that always fails", []Attempt{then(served(1, sec), failing), then(served(2, 12*sec), failing)}, []string{"old exclusion", " "}},
		{"refused while one terminates", []Attempt{refused(12 * sec)}, []string{"old exclusion"}},
		{"refused by one that accepted a connection later", []Attempt{refused(12 * sec), served(1, 13*sec), cut(1, 19*sec, 19*sec)}, []string{"new exclusion", "old exclusion", "old exclusion"}},
		{"refused by one that has exited", []Attempt{refused(21 * sec)}, []string{"old exclusion"}},
		{"refused when every proxy is updated", []Attempt{refused(41 * sec)}, []string{"new exclusion"}},
		{"refused with no pod terminating", []Attempt{refused(sec)}, []string{"old exclusion"}},
		{"a SYN without an answer", []Attempt{{Started: 12 * sec, Ended: 17 * sec, Cause: DialTimeout}}, []string{"old exclusion"}},
		{"in the accept queue of a server that no longer accepts", []Attempt{{Conn: 1, Started: 12 * sec, Ended: 22 * sec, Cause: Timeout}}, []string{"old exclusion"}},
		{"not started", []Attempt{{Started: Never, Cause: Timeout}}, []string{" "}},
		{"the control target", []Attempt{{Control: true, Started: sec, Ended: sec, Cause: Refused}}, []string{" "}},
		{"a stage that names the pods it dials", []Attempt{then(refused(12*sec), func(a *Attempt) { a.Pod = "old" }), refused(13 * sec)}, []string{"old ", " "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, a := range Attribute(two(tt.attempts...)).Attempts {
				got = append(got, fmt.Sprintf("%s %s", a.Pod, a.PodBy))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
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
		run.Attempts = append(run.Attempts, Attempt{Started: at, Ended: at, Cause: Refused})
	}
	for _, a := range Attribute(run).Attempts {
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
		run.Events = append(run.Events, Event{At: time.Duration(31-node) * sec, Kind: EndpointAdded, Pod: "new", Node: 1 + node})
	}
	want := map[time.Duration]string{30500 * ms: "", 31200 * ms: "", 31500 * ms: "old", 52 * sec: "new"}
	for at := range want {
		run.Attempts = append(run.Attempts, Attempt{Started: at, Ended: at, Cause: Refused})
	}
	for _, a := range Attribute(run).Attempts {
		if a.Pod != want[a.Ended] {
			t.Errorf("refused at %v: %q, want %q", a.Ended, a.Pod, want[a.Ended])
		}
	}
}

// TestConntrackKeepsTheRouteOfASYN: a node routes it to a pod that has exited,
// for two minutes.
func TestConntrackKeepsTheRouteOfASYN(t *testing.T) {
	hangs := func(at time.Duration) Attempt {
		return Attempt{Started: at, Ended: at + 5*sec, Cause: DialTimeout}
	}
	run := two(hangs(21*sec), hangs(60*sec), Attempt{Started: 61 * sec, Ended: 61 * sec, Cause: Refused}, hangs(150*sec))
	for i, want := range []string{"old", "old", "new", "new"} {
		if a := Attribute(run).Attempts[i]; a.Pod != want {
			t.Errorf("%s at %v: %q, want %q", a.Cause, a.Started, a.Pod, want)
		}
	}
	if a := Attribute(two(hangs(60 * sec))).Attempts[0]; a.Pod != "new" {
		t.Errorf("no SYN was unanswered before: %q", a.Pod)
	}
}

// TestKubeProxyRemovedThePod: where the proxy of every node has removed the
// pod, no new connection belongs to it.
func TestKubeProxyRemovedThePod(t *testing.T) {
	run := two(served(1, 12*sec), served(2, 14*sec))
	run.Events = append(run.Events, Event{At: 11 * sec, Kind: EndpointRemoved, Pod: "old", Node: 1}, Event{At: 13 * sec, Kind: EndpointRemoved, Pod: "old", Node: 2})
	got := Attribute(run).Attempts
	if got[0].Pod != "" || got[1].Pod != "new" || got[1].PodBy != Inferred {
		t.Errorf("%+v", got)
	}
}

// TestAProxyThatIsLaterThanItsMetrics: a refusal between connections that the
// running pod accepted belongs to the terminating pod, even after the metrics
// of the proxies show its removal.
func TestAProxyThatIsLaterThanItsMetrics(t *testing.T) {
	refused := Attempt{Started: 15 * sec, Ended: 15 * sec, Cause: Refused}
	run := two(served(1, 14*sec), refused, served(2, 16*sec))
	for node := range 2 {
		run.Events = append(run.Events, Event{At: 13 * sec, Kind: EndpointRemoved, Pod: "old", Node: 1 + node})
	}
	if a := Attribute(run).Attempts[1]; a.Pod != "old" || a.PodBy != Probable {
		t.Errorf("refused at %q (%v), want old", a.Pod, a.PodBy)
	}
}

// TestAddedAgain: by the proxies that had removed it, as after a probe that
// failed once.
func TestAddedAgain(t *testing.T) {
	run := two(served(1, 14*sec))
	for node := range 2 {
		run.Events = append(run.Events, Event{At: 2 * sec, Kind: EndpointRemoved, Pod: "old", Node: 1 + node}, Event{At: 3 * sec, Kind: EndpointAdded, Pod: "old", Node: 1 + node})
	}
	if a := Attribute(run).Attempts[0]; a.Pod != "" {
		t.Errorf("%q alone is possible", a.Pod)
	}
}

// TestALikelyPodIsNotLate: an attempt whose pod is only probable is no late
// arrival.
func TestALikelyPodIsNotLate(t *testing.T) {
	run := two(Attempt{Pod: "old", PodBy: Inferred, Started: 11 * sec}, Attempt{Pod: "old", PodBy: Probable, Started: 12 * sec})
	if late := LateArrivals(run)["old"]; late.Connections != 1 || late.LastConnection != 900*ms {
		t.Errorf("%+v", late)
	}
}

// TestAttributeHolds: for any run, what was observed stays as it was, one
// connection has one pod, and a second attribution changes nothing.
func TestAttributeHolds(t *testing.T) {
	kinds := []Kind{Started, Ready, Unready, Deleted, PreStopStarted, Signalled, Killed, Exited, Restarted, Evicted, Forced, EndpointAdded, EndpointTerminating, EndpointRemoved}
	causes := append([]Cause{"", "", ""}, Causes...)
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 4))
		at := func() time.Duration { return time.Duration(r.IntN(60_000)) * ms }
		run := &Run{Stage: "cluster", Accuracy: time.Duration(r.IntN(1500)) * ms}
		for range r.IntN(30) {
			run.Events = append(run.Events, Event{At: at(), Kind: kinds[r.IntN(len(kinds))], Pod: string(rune('a' + r.IntN(4))), Node: r.IntN(3)})
		}
		for range r.IntN(80) {
			a := Attempt{Started: at(), Conn: r.Uint64N(12), Cause: causes[r.IntN(len(causes))], End: []End{Open, Announced, FIN, Broken}[r.IntN(4)]}
			a.Ended, a.EndedConn = a.Started+at()/9, a.Started+at()/3
			run.Attempts = append(run.Attempts, a)
		}
		once := Attribute(run)
		if diff := cmp.Diff(once, Attribute(once)); diff != "" {
			t.Fatalf("seed %d: again: %s", seed, diff)
		}
		pods := map[uint64]string{}
		for i, a := range once.Attempts {
			if pod, seen := pods[a.Conn]; seen && a.Conn != 0 && pod != a.Pod {
				t.Fatalf("seed %d: connection %d is of %q and %q", seed, a.Conn, pod, a.Pod)
			}
			pods[a.Conn] = a.Pod
			a.Pod, a.PodBy = "", Observed
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
	if got := Attribute(run); got != run || got.Attempts[0].Pod != "" {
		t.Errorf("%+v", got.Attempts)
	}
}

func TestT0WhereEventsAreLost(t *testing.T) {
	for _, tt := range []struct {
		name         string
		events       []Event
		t0, earliest time.Duration
	}{
		{"evicted, no more is seen", []Event{{At: 5 * sec, Kind: Evicted, Detail: "Evicted"}}, 5 * sec, 3500 * ms},
		{"deleted, and exited", []Event{{At: 5 * sec, Kind: Deleted}, {At: 6 * sec, Kind: Exited}}, 5 * sec, 4750 * ms},
		{"deleted after it had crashed", []Event{{At: 4 * sec, Kind: Exited}, {At: 5 * sec, Kind: Deleted}}, Never, Never},
		{"the signal is reported late", []Event{{At: 5 * sec, Kind: Deleted}, {At: 5300 * ms, Kind: Signalled}}, 5300 * ms, 4750 * ms},
		{"the signal is reported before the deletion", []Event{{At: 5 * sec, Kind: Signalled}, {At: 5100 * ms, Kind: Deleted}}, 5 * sec, 4750 * ms},
	} {
		p := Pods(tt.events)[0]
		if t0, earliest := p.T0(), p.EarliestT0(1500*ms); t0 != tt.t0 || earliest != tt.earliest {
			t.Errorf("%s: T0 %v, earliest %v; want %v, %v", tt.name, t0, earliest, tt.t0, tt.earliest)
		}
		if p.EarliestT0(0) != p.T0() {
			t.Errorf("%s: the lab is exact", tt.name)
		}
	}
}
