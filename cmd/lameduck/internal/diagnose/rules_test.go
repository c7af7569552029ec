package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// built is a run made by hand.
type built struct{ timeline.Run }

func build(events ...timeline.Event) *built {
	return &built{timeline.Run{Stage: "lab", Action: "delete", Events: events}}
}

func event(at time.Duration, k timeline.Kind, pod string) timeline.Event {
	return timeline.Event{At: at, Kind: k, Pod: pod}
}

// try adds an attempt of 1 ms on a new connection; change may alter it.
func (b *built) try(at time.Duration, pod string, change ...func(*timeline.Attempt)) *built {
	a := timeline.Attempt{Pattern: "keepalive", Scheduled: at, Started: at, Sent: at, Ended: at + ms,
		Conn: uint64(len(b.Attempts) + 1), Pod: pod, Bytes: 10, Status: 200}
	for _, c := range change {
		c(&a)
	}
	b.Attempts = append(b.Attempts, a)
	return b
}

func refused(a *timeline.Attempt) {
	a.Cause, a.Conn, a.Bytes, a.Status, a.Sent = timeline.Refused, 0, 0, 0, never
}

func notStarted(a *timeline.Attempt) {
	a.Cause, a.Started, a.Conn, a.Bytes, a.Status, a.Sent = timeline.Timeout, never, 0, 0, 0, never
}

func failing(c timeline.Cause) func(*timeline.Attempt) {
	return func(a *timeline.Attempt) { a.Cause, a.Bytes, a.Status = c, 0, 0 }
}

func on(conn uint64) func(*timeline.Attempt) {
	return func(a *timeline.Attempt) { a.Conn, a.Reused = conn, true }
}

func ending(e timeline.End, at time.Duration) func(*timeline.Attempt) {
	return func(a *timeline.Attempt) { a.End, a.EndedConn = e, at }
}

func lasting(d time.Duration) func(*timeline.Attempt) {
	return func(a *timeline.Attempt) { a.Ended = a.Started + d }
}

// onePod is a pod that runs for 10 s and keeps serving for 5 s after the
// signal.
func onePod() *built {
	return build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signalled(10*s, "a"), event(15*s, timeline.Exited, "a"))
}

// twoPods are that one, and one that replaces it.
func twoPods() *built {
	b := onePod()
	b.Events = append(b.Events, event(9500*ms, timeline.Started, "b"), event(10*s, timeline.Ready, "b"))
	return b
}

func signalled(at time.Duration, pod string) timeline.Event {
	e := event(at, timeline.Signalled, pod)
	e.Caught = true
	return e
}

// erring is answered with an error.
func erring(a *timeline.Attempt) {
	a.Cause, a.Class, a.Status = timeline.Status5xx, timeline.ClassErrorAnswer, 503
}

func TestRules(t *testing.T) {
	neverUp := event(9*s, timeline.NeverReady, "b")
	neverUp.Detail = "listens on 127.0.0.1:8080 only"
	crash := event(5*s, timeline.Exited, "a")
	crash.Code = 1
	tests := []struct {
		name string
		*built
		want map[string]int // id: drops
	}{
		{"nothing happened", build(), map[string]int{}},
		{"a pod never became ready", func() *built {
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(4*s, timeline.Started, "b"), neverUp)
			return b.try(s, "a").try(5*s, "", refused).try(6*s, "b", refused)
		}(), map[string]int{neverReady: 2}},
		{"a crash and its restart", func() *built {
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), crash, event(6*s, timeline.Restarted, "a"))
			b.try(s, "a").try(4900*ms, "a", lasting(101*ms), failing(timeline.EOF))
			return b.try(5500*ms, "a", refused).try(5600*ms, "", refused).try(7*s, "a").try(8*s, "a")
		}(), map[string]int{crashes: 3}},
		{"a crash that is recorded long after the clients have noticed it", func() *built {
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), emptyQueue(ms, 0), emptyQueue(4905*ms, 4900*ms), crash, event(6*s, timeline.Restarted, "a"))
			return b.try(s, "a").try(4800*ms, "a", lasting(120*ms), failing(timeline.EOF)).try(4930*ms, "a", refused).try(7*s, "a")
		}(), map[string]int{crashes: 2}},
		{"a request that failed on a cluster, earlier than the crash can have been", func() *built {
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), crash, event(6*s, timeline.Restarted, "a"))
			b.Stage, b.Accuracy = "cluster", 300*ms
			return b.try(s, "a").try(4600*ms, "a", on(1), lasting(75*ms), failing(timeline.Reset)).try(7*s, "a")
		}(), map[string]int{crashes: 0, unexplained: 1}},
		{"a crash without a request", func() *built {
			b := build(event(0, timeline.Started, "a"), crash, event(6*s, timeline.Restarted, "a"))
			return b.try(s, "a").try(7*s, "a")
		}(), map[string]int{crashes: 0}},
		{"a restart by the liveness probe", func() *built {
			signal := event(5*s, timeline.Signalled, "a")
			signal.Caught = true
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(5*s+ms, timeline.Exited, "a"),
				event(6*s, timeline.Restarted, "a"), event(6*s+ms, timeline.Ready, "a"))
			return b.try(s, "a").try(5500*ms, "a", refused).try(7*s, "a")
		}(), map[string]int{crashes: 1}},
		{"a preStop hook that ends by itself, just before the grace period does", func() *built {
			signal := event(17980*ms, timeline.Signalled, "a")
			signal.Caught = true
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(8*s, timeline.PreStopStarted, "a"), event(17980*ms, timeline.PreStopEnded, "a"),
				signal, event(19*s, timeline.Exited, "a"))
			b.Spec.Grace = 10 * s
			return b.try(7*s, "a").try(12*s, "a")
		}(), map[string]int{}},
		{"a handler that removes itself", func() *built {
			b := onePod().try(s, "a")
			b.Events = append(b.Events, timeline.Event{At: 15 * s, Kind: timeline.Killed, Pod: "a", Uncaught: true})
			return b.try(11*s, "a")
		}(), map[string]int{ignoresSignal: 0}},
		{"the pods are removed after the traffic", func() *built {
			return build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(9*s, timeline.Signalled, "a"), event(9*s, timeline.Exited, "a")).try(8*s, "a")
		}(), map[string]int{}},
		{"time-outs outside a termination", onePod().try(s, "a").try(2*s, "a", failing(timeline.Timeout), lasting(3*s)).try(3*s, "a", failing(timeline.Status5xx)).try(11*s, "a"),
			map[string]int{unexplained: 2}},
		{"a request that crosses the end of its idle connection, as others end unannounced",
			onePod().try(s, "a", ending(timeline.FIN, s+2*ms)).try(2*s, "a").try(3*s, "a", on(2), failing(timeline.Reset)).try(11*s, "a"),
			map[string]int{closesIdle: 1}},
		{"the same, just before the stop signal",
			onePod().try(s, "a", ending(timeline.FIN, s+2*ms)).try(2*s, "a").try(9985*ms, "a", on(2), failing(timeline.Reset)).try(11*s, "a"),
			map[string]int{closesIdle: 1}},
		{"the same, just before the stop signal, on a machine that is late",
			lateOnce(onePod().try(s, "a", ending(timeline.FIN, s+2*ms)).try(2*s, "a").try(9700*ms, "a", on(2), failing(timeline.Reset)).try(11*s, "a"), 9500*ms, 600*ms),
			map[string]int{closesIdle: 1}},
		{"a request that fails on a connection, and no other connection ended",
			onePod().try(s, "a").try(2*s, "a").try(3*s, "a", on(2), failing(timeline.Reset)).try(11*s, "a"),
			map[string]int{unexplained: 1}},
		{"a request that was cut after a while, as others end unannounced",
			onePod().try(s, "a", ending(timeline.FIN, s+2*ms)).try(2*s, "a").try(3*s, "a", on(2), failing(timeline.Reset), lasting(s)).try(11*s, "a"),
			map[string]int{unexplained: 1}},
		{"a server that always fails", build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a")).try(s, "a", failing(timeline.Status5xx)).try(2*s, "a", failing(timeline.Status5xx)),
			map[string]int{unexplained: 2}},
		{"errors before and after T0 are not of the termination", onePod().try(s, "a").try(2*s, "a", failing(timeline.Status5xx)).try(11*s, "a", failing(timeline.Status5xx)),
			map[string]int{unexplained: 2}},
		{"one refused connection between served ones", onePod().try(s, "a").try(11*s, "a", refused).try(12*s, "a"),
			map[string]int{unexplained: 1}},
		{"not started, because others wait in the accept queue", func() *built {
			b := onePod().try(9*s, "a")
			for i := range time.Duration(3) {
				b.try(10*s+i*500*ms, "a", failing(timeline.Timeout), lasting(2*s))
			}
			return b.try(11*s, "", notStarted)
		}(), map[string]int{closesEarly: 4}},
		{"not started, and no reason is known", onePod().try(9*s, "a").try(11*s, "", notStarted), map[string]int{unexplained: 1}},
		{"no pod known on a cluster", func() *built {
			b := onePod().try(s, "a").try(2*s, "", refused)
			b.Stage = "cluster"
			b.Run = *attributed(&b.Run)
			return b
		}(), map[string]int{unexplained: 1}},
		{"failures of the control target are not judged", onePod().try(s, "a").try(2*s, "", failing(timeline.Reset), func(a *timeline.Attempt) { a.Control = true }),
			map[string]int{}},
		{"an idle connection that could not be asked to close, and a request sent while it was closed",
			onePod().try(9*s, "a").try(15*s, "a", on(1), failing(timeline.Reset)),
			map[string]int{cutsKeepAlive: 1}},
		{"a truncated response at the exit, begun before T0",
			onePod().try(9*s, "a", lasting(6*s), func(a *timeline.Attempt) { a.Cause = timeline.Truncated }).try(9*s, "a"),
			map[string]int{cutsInFlight: 1}},
		{"a stream that ended with its connection, by the words of another protocol",
			onePod().try(9*s, "a").try(14*s, "a", lasting(s), on(1), func(a *timeline.Attempt) { a.Cause, a.Class, a.Bytes = "stream-reset", timeline.ClassCut, 0 }),
			map[string]int{cutsInFlight: 1}},
		{"an answer that is an error, by the words of another protocol",
			onePod().try(9*s, "a").try(14*s, "a", on(1), func(a *timeline.Attempt) { a.Cause, a.Class = "unavailable", timeline.ClassErrorAnswer }),
			map[string]int{answers5xx: 1}},
		{"a server that answers beyond its limit with an error: as soon as it is ready, later, and when it terminates",
			twoPods().try(500*ms, "a", erring).try(s, "a").try(2*s, "a", erring).try(9*s, "a").try(14*s, "a", erring, on(1)).
				try(10100*ms, "b", erring).try(11*s, "b").try(12*s, "b", erring),
			map[string]int{unexplained: 5}},
		{"the same, of a pod that closes its listener too early",
			onePod().try(s, "a").try(2*s, "a", erring).try(9*s, "a").try(10050*ms, "a", refused).try(10060*ms, "a", erring, on(1)).try(11*s, "a", refused),
			map[string]int{closesEarly: 2, unexplained: 2}},
		{"errors at its start alone are of a pod that is not ready, and errors when it terminates of its termination",
			twoPods().try(500*ms, "a", erring).try(s, "a").try(9*s, "a").try(14*s, "a", erring, on(1)).try(10100*ms, "b", erring).try(11*s, "b"),
			map[string]int{notReady: 2, answers5xx: 1}},
		{"errors when it terminates are of its termination, also of a server that has one now and then",
			onePod().try(s, "a").try(2*s, "a", erring).try(3*s, "a").try(4*s, "a").try(5*s, "a").try(9*s, "a").try(14*s, "a", erring, on(1)).try(14100*ms, "a", erring, on(1)),
			map[string]int{answers5xx: 2, unexplained: 1}},
		{"refused at its start, by a server that answers beyond its limit with an error",
			twoPods().try(s, "a").try(2*s, "a", erring).try(9*s, "a").try(10100*ms, "b", refused).try(11*s, "b"),
			map[string]int{notReady: 1, unexplained: 1}},
		{"a request waits over the exit until its time-out",
			onePod().try(9*s, "a").try(14*s, "a", failing(timeline.Timeout), lasting(5*s), on(1)),
			map[string]int{cutsInFlight: 1}},
		{"connections wait in the accept queue of a server that no longer accepts",
			onePod().try(9*s, "a").try(10500*ms, "a", failing(timeline.Timeout), lasting(2*s)).try(11*s, "a", failing(timeline.Timeout), lasting(2*s)),
			map[string]int{closesEarly: 2}},
		{"keep-alive connections ended by an idle time-out", onePod().
			try(11*s, "a").try(12600*ms, "a", on(1), ending(timeline.FIN, 13800*ms)).
			try(9*s, "a").try(10*s, "a", on(3)).try(11*s, "a", on(3), ending(timeline.FIN, 13*s)),
			map[string]int{}},
		{"the same, by one of 300 ms, which it had shown before", onePod().
			try(s, "a", ending(timeline.FIN, s+301*ms)).
			try(11*s, "a").try(12600*ms, "a", on(2), ending(timeline.FIN, 12950*ms)),
			map[string]int{}},
		{"keep-alive connections used until the exit", onePod().
			try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)),
			map[string]int{cutsKeepAlive: 0}},
		{"the same, where the server asked most of them to close", onePod().
			try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)).
			try(9*s, "a").try(12*s, "a", on(4), ending(timeline.Announced, 12*s)),
			map[string]int{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := Findings(&test.Run)
			got := map[string]int{}
			for _, f := range found {
				got[f.ID] = f.Drops
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
				print(found, Recommend(&test.Run))
			}
			checkSum(t, &test.Run, found)
		})
	}
}

func TestEvidenceNamesTheFirstPodsAndCountsTheRest(t *testing.T) {
	b := build()
	for _, pod := range []string{"a", "b", "c", "d", "e"} {
		b.Events = append(b.Events, event(0, timeline.Started, pod), event(10*s, timeline.Signalled, pod),
			timeline.Event{At: 10*s + 5*ms, Kind: timeline.Exited, Pod: pod, Code: 2})
		b.try(9*s, pod).try(12*s, pod, refused)
	}
	found := Findings(&b.Run)
	want := "a: signal at 10.00 s, exited at 10.01 s with code 2, 5 ms after termination began, new connections arrived for another 2.00 s; " +
		"b: signal at 10.00 s, exited at 10.01 s with code 2, 5 ms after termination began, new connections arrived for another 2.00 s; " +
		"c: signal at 10.00 s, exited at 10.01 s with code 2, 5 ms after termination began, new connections arrived for another 2.00 s; " +
		"and 2 pods more; 5 drops (5 refused; 5 keepalive)"
	if len(found) != 1 || found[0].Evidence != want {
		t.Errorf("got  %+v\nwant %s", found, want)
	}
}

func TestAShellIsNamed(t *testing.T) {
	for command, want := range map[string]bool{
		"/bin/sh -c ./app; true": true, "bash -ec ./app": true, "./app -c x": false, "sh ./run": false, "sh": false,
	} {
		if got := shell(strings.SplitN(command, " ", 3)); got != want {
			t.Errorf("shell(%q) = %v", command, got)
		}
	}
}

func TestRecommend(t *testing.T) {
	tests := []struct {
		name         string
		run          *built
		delay, grace int
		why          string
	}{
		{"nothing terminated", build().try(s, "a"), 0, 0, "no pod was terminated"},
		{"no new connection at all", onePod().try(s, "a", on(1)), 0, 0, "was not measured"},
		{"no late connection", onePod().try(s, "a"), 1, 30, "no new connection arrived after"},
		{"the latest of all counts, also refused", onePod().try(s, "a").try(14*s, "a", refused).try(16*s, "a", on(1)), 6, 30, "4.00 s after termination began (a)"},
		{"rounded up", onePod().try(s, "a").try(14*s+ms, "a", refused), 7, 30, "7 s of delay"},
		{"a long request", onePod().try(s, "a", lasting(40*s)).try(14*s, "a"), 6, 55, "40.00 s"},
		{"one that timed out does not count", onePod().try(s, "a", lasting(40*s), failing(timeline.Timeout)).try(14*s, "a"), 6, 30, "default of 30 s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := Recommend(&test.run.Run)
			if r.DelaySeconds != test.delay || r.GraceSeconds != test.grace || !strings.Contains(r.Why, test.why) {
				t.Errorf("got %+v, want delay %d, grace %d, because %q", r, test.delay, test.grace, test.why)
			}
		})
	}
}
