package attribute

import (
	"slices"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func stalled(from, to time.Duration) timeline.Event {
	return timeline.Event{Due: from, At: to, Kind: timeline.Stalled}
}

// TestVoid has each way in which a lateness of the tool makes an attempt fail, and
// beside it one that fails all the same.
func TestVoid(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	served := timeline.Attempt{Pattern: "slow", Conn: 9, Pod: "a", Started: 0, Sent: 2*s - ms, Ended: 2 * s}
	before := timeline.Attempt{Pattern: "keepalive", Conn: 1, Pod: "a", Scheduled: 4 * s, Started: 4 * s, Ended: 4*s + ms}
	failing := func(cause timeline.Cause, due, from, to time.Duration, change ...func(*timeline.Attempt)) timeline.Attempt {
		a := timeline.Attempt{Pattern: "new", Pod: "a", Node: "n1", Conn: 2, Scheduled: due, Started: from, Ended: to, Cause: cause, Class: cause.Class()}
		for _, c := range change {
			c(&a)
		}
		return a
	}
	reused := func(a *timeline.Attempt) { a.Conn, a.Reused, a.Pattern = 1, true, "keepalive" }
	dial := func(a *timeline.Attempt) { a.Conn = 0 }
	unrouted := func(a *timeline.Attempt) { a.Conn, a.Pod = 0, "" }
	slow := func(a *timeline.Attempt) { a.Pattern = "slow" }
	sent := func(a *timeline.Attempt) { a.Sent = a.Started + ms }
	notSent := func(a *timeline.Attempt) { a.Sent = timeline.Never }
	in := func(p timeline.Phase) func(*timeline.Attempt) { return func(a *timeline.Attempt) { a.Phase = p } }
	stall := stalled(5*s, 8*s)
	var small []timeline.Event // 60 ms of each second
	for i := range time.Duration(10) {
		small = append(small, stalled(i*s, i*s+60*ms))
	}
	view := timeline.Event{Kind: timeline.EndpointTerminating, Pod: "a", Node: "n1", Due: 6 * s, At: 8*s + 5*ms}
	for _, tt := range []struct {
		name   string
		events []timeline.Event
		failed timeline.Attempt
		want   bool
	}{
		{"started late", []timeline.Event{stall}, failing(timeline.EOF, 7*s, 8*s, 8*s+ms), true},
		{"started late, without a stall that was seen", nil, failing(timeline.EOF, 7*s, 8*s, 8*s+ms), true},
		{"due after the stall", []timeline.Event{stall}, failing(timeline.EOF, 8*s+10*ms, 8*s+10*ms, 8*s+11*ms), false},
		{"idle during the stall", []timeline.Event{stall}, failing(timeline.Reset, 8*s+10*ms, 8*s+10*ms, 8*s+11*ms, reused), true},
		{"idle, but no stall", []timeline.Event{stalled(s, 2*s)}, failing(timeline.Reset, 8*s+10*ms, 8*s+10*ms, 8*s+11*ms, reused), false},
		{"sent to a pod that the node should have removed", []timeline.Event{view}, failing(timeline.Refused, 8*s+ms, 8*s+ms, 8*s+2*ms, dial), true},
		{"of another node", []timeline.Event{view}, failing(timeline.Refused, 8*s+ms, 8*s+ms, 8*s+2*ms, dial, func(a *timeline.Attempt) { a.Node = "n2" }), false},
		{"before the removal was due", []timeline.Event{view}, failing(timeline.Refused, 5*s, 5*s, 5*s+ms, dial), false},
		{"on a connection from before", []timeline.Event{view}, failing(timeline.EOF, 5*s, 5*s, 8*s, slow), false},
		{"not started", []timeline.Event{stall}, failing(timeline.Timeout, 7*s, timeline.Never, 8*s, dial), true},
		{"not started, and no stall", nil, failing(timeline.Timeout, 7*s, timeline.Never, 8*s, dial), false},
		{"a time-out at the end of the stall", []timeline.Event{stall}, failing(timeline.Timeout, 0, 0, 10*s), true},
		{"a time-out long after the stall", []timeline.Event{stalled(s, 2*s)}, failing(timeline.Timeout, 0, 0, 10*s), false},
		{"its bytes went late", []timeline.Event{stall}, failing(timeline.EOF, 4*s, 4*s, 8*s, slow), true},
		{"cut before even the fastest was done", []timeline.Event{stalled(5*s, 6*s)}, failing(timeline.EOF, 5*s-ms, 5*s-ms, 6*s, slow), false},
		{"as long as a late process takes at most", []timeline.Event{stalled(5*s, 5*s+200*ms)}, failing(timeline.EOF, 5*s-ms, 5*s-ms, 8*s, slow), false},
		{"it took longer than any, by as much as a short stall", []timeline.Event{stalled(5*s, 5*s+200*ms)}, failing(timeline.EOF, 5*s-ms, 5*s-ms, 7*s+190*ms, slow, notSent), true},
		{"the same, and its head was complete when it was cut", []timeline.Event{stalled(5*s, 5*s+200*ms)}, failing(timeline.EOF, 5*s-ms, 5*s-ms, 7*s+190*ms, slow, func(a *timeline.Attempt) { a.Sent = a.Ended - ms }), true},
		{"its head was not complete when that of any other was", nil, failing(timeline.Reset, 5*s, 5*s, 7*s+100*ms, slow, notSent, in(timeline.SendPhase)), true},
		{"the same, and the server has answered", nil, failing(timeline.EOF, 5*s, 5*s, 7*s+100*ms, slow, notSent, in(timeline.ReceivePhase)), true},
		{"the same, in the handshake", nil, failing(timeline.Reset, 5*s, 5*s, 7*s+100*ms, slow, notSent, in(timeline.HandshakePhase)), false},
		{"its head need not have been complete", nil, failing(timeline.Reset, 5*s, 5*s, 6*s, slow, notSent, in(timeline.SendPhase)), false},
		{"it took no longer than any", []timeline.Event{stalled(5*s, 5*s+200*ms)}, failing(timeline.EOF, 5*s-ms, 5*s-ms, 7*s-ms, slow, notSent), false},
		{"the server had it for long, between small stalls", small, failing(timeline.EOF, s, s, 10*s, sent, slow), false},
		{"the same, and a long stall at the end", append(small[:10:10], stalled(9600*ms, 10*s)), failing(timeline.EOF, s, s, 10*s, sent, slow), true},
		{"the same, and a long stall in the middle", append(small[:10:10], stalled(4100*ms, 4900*ms)), failing(timeline.EOF, s, s, 10*s, sent, slow), false},
		{"the same, and a stall before it was sent", []timeline.Event{stall}, failing(timeline.EOF, 4*s, 4*s, 8500*ms, slow, func(a *timeline.Attempt) { a.Sent = 8 * s }), true},
		{"it was being sent for long, between small stalls", small, failing(timeline.EOF, s, s, 10*s, notSent, slow), true},
		{"no endpoint, for less than the stall", []timeline.Event{{Kind: timeline.Deleted, Pod: "a", At: 4 * s}, stall}, failing(timeline.Refused, 8*s+ms, 8*s+ms, 8*s+2*ms, unrouted), true},
		{"no endpoint, and the stall was before the deletion", []timeline.Event{{Kind: timeline.Deleted, Pod: "a", At: 8 * s}, stall}, failing(timeline.Refused, 8*s+ms, 8*s+ms, 8*s+2*ms, unrouted), false},
		{"an answer", []timeline.Event{stall}, failing("", 7*s, 8*s, 8*s+ms), false},
		{"of the control target", []timeline.Event{stall}, failing(timeline.EOF, 7*s, 8*s, 8*s+ms, func(a *timeline.Attempt) { a.Control = true }), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.failed.Detail = "this one"
			run := &timeline.Run{Stage: "lab", Events: tt.events, Attempts: []timeline.Attempt{served, before, tt.failed}}
			if got := isVoid(run); got != tt.want {
				t.Errorf("void %v, want %v", got, tt.want)
			}
			if run.Attempts[2].Void {
				t.Error("the run itself was changed")
			}
			run.Attempts[2].Void = true
			run.Events, run.Attempts[2].Scheduled, run.Attempts[2].Sent = nil, run.Attempts[2].Started, run.Attempts[2].Started
			if !tt.failed.Control && isVoid(run) {
				t.Error("the mark stays without its reason")
			}
		})
	}
}

// isVoid reports whether the attempt in question is void.
func isVoid(run *timeline.Run) bool {
	all := concluded(run)
	return all[slices.IndexFunc(all, func(a timeline.Attempt) bool { return a.Detail == "this one" })].Void
}

// TestAShortStall: a connection that was idle for longer than any while the tool was on time, because
// of a stall of 60 ms, may have met the server's idle time-out. One that was idle for no longer
// has not.
func TestAShortStall(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for idle, want := range map[time.Duration]bool{150 * ms: true, 90 * ms: false, 400 * ms: false} {
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{stalled(2*s+10*ms, 2*s+70*ms)}}
		add := func(conn uint64, at time.Duration) *timeline.Attempt {
			run.Attempts = append(run.Attempts, timeline.Attempt{Pattern: "keepalive", Pod: "a", Conn: conn, Reused: len(run.Attempts) > 0, Scheduled: at, Started: at, Sent: at, Ended: at + ms})
			return &run.Attempts[len(run.Attempts)-1]
		}
		for at := s; at <= 2*s; at += 100 * ms {
			add(1, at)
		}
		failed := add(1, 2*s+ms+idle)
		failed.Cause, failed.Class, failed.Detail = timeline.Reset, timeline.ClassCut, "this one"
		if got := isVoid(run); got != want {
			t.Errorf("idle for %v: void %v, want %v", idle, got, want)
		}
	}
}

// TestTheServerHadARequestAfterAShortStall: an idle time-out ends a connection at once. One on
// which a response had begun, or which the server kept open with a whole request for longer than
// the tool had been late, it did not end.
func TestTheServerHadARequestAfterAShortStall(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for name, tt := range map[string]struct {
		change func(*timeline.Attempt)
		want   bool
	}{
		"cut at once":           {func(*timeline.Attempt) {}, true},
		"a response had begun":  {func(a *timeline.Attempt) { a.Bytes = 10 }, false},
		"cut much later":        {func(a *timeline.Attempt) { a.Ended += s }, false},
		"a part of the request": {func(a *timeline.Attempt) { a.Ended, a.Sent = a.Ended+s, timeline.Never }, true},
	} {
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{stalled(2*s+10*ms, 2*s+70*ms)}}
		for at := s; at <= 2*s; at += 100 * ms {
			run.Attempts = append(run.Attempts, timeline.Attempt{Pattern: "keepalive", Pod: "a", Conn: 1, Reused: at > s, Scheduled: at, Started: at, Sent: at, Ended: at + ms})
		}
		at := 2*s + 151*ms
		failed := timeline.Attempt{Pattern: "keepalive", Pod: "a", Conn: 1, Reused: true, Scheduled: at, Started: at, Sent: at, Ended: at + ms, Cause: timeline.Reset, Class: timeline.ClassCut, Detail: "this one"}
		tt.change(&failed)
		run.Attempts = append(run.Attempts, failed)
		if got := isVoid(run); got != tt.want {
			t.Errorf("%s: void %v, want %v", name, got, tt.want)
		}
	}
}

// TestNoEndpointForLongerThanTheStall: had the tool been on time, there would
// have been none all the same.
func TestNoEndpointForLongerThanTheStall(t *testing.T) {
	run := &timeline.Run{Stage: "lab", Events: []timeline.Event{{Kind: timeline.Deleted, Pod: "a", At: 0}, stalled(time.Second, 2*time.Second)}}
	for i := range 40 {
		at := 2*time.Second + time.Duration(i)*100*time.Millisecond
		run.Attempts = append(run.Attempts, timeline.Attempt{Pattern: "new", Scheduled: at, Started: at, Ended: at, Cause: timeline.Refused, Class: timeline.ClassRefused})
	}
	void := 0
	for _, a := range concluded(run) {
		if a.Void {
			void++
		}
	}
	if void != 10 {
		t.Errorf("%d of 40 are void, want those of the first second", void)
	}
}

func TestStalls(t *testing.T) {
	const ms = time.Millisecond
	s := NewStalls(&timeline.Run{Events: []timeline.Event{stalled(500*ms, 900*ms), stalled(100*ms, 200*ms), stalled(850*ms, 1000*ms), stalled(5, 5), {Kind: timeline.Ready, At: 3, Due: 1}}})
	for _, tt := range []struct{ from, to, within, longest time.Duration }{
		{0, 2000 * ms, 600 * ms, 400 * ms},
		{150 * ms, 600 * ms, 150 * ms, 400 * ms},
		{200 * ms, 500 * ms, 0, 400 * ms},
		{950 * ms, 960 * ms, 10 * ms, 100 * ms},
		{1000 * ms, 2000 * ms, 0, 0},
		{600 * ms, 500 * ms, 0, 400 * ms},
	} {
		if within, longest := s.Within(tt.from, tt.to), s.Longest(tt.from, tt.to); within != tt.within || longest != tt.longest && tt.from < tt.to {
			t.Errorf("from %v to %v: %v, the longest %v; want %v, %v", tt.from, tt.to, within, longest, tt.within, tt.longest)
		}
	}
	for to, want := range map[time.Duration]bool{400 * ms: false, 700 * ms: false, 800 * ms: true, 1499 * ms: true, 1501 * ms: false} {
		if got := s.Outweigh(300*ms, to); got != want {
			t.Errorf("until %v: %v, want %v", to, got, want)
		}
	}
	if s := NewStalls(&timeline.Run{Stage: "cluster", Events: []timeline.Event{stalled(0, 1000*ms)}}); s.Within(0, 1000*ms) != 0 {
		t.Error("the tool's own stalls are taken for those of a cluster's clients")
	}
}
