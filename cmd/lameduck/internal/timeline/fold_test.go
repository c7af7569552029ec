package timeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

func TestLateArrivals(t *testing.T) {
	run := &Run{
		Events: []Event{
			{Kind: Started, Pod: "a"}, {Kind: Started, Pod: "b"}, {Kind: Started, Pod: "c"},
			{At: 100 * ms, Kind: PreStopStarted, Pod: "a"}, {At: 300 * ms, Kind: Signalled, Pod: "a"},
			{At: 500 * ms, Kind: Signalled, Pod: "b"},
		},
		Attempts: []Attempt{
			{Pod: "a", Started: 99 * ms},
			{Pod: "a", Started: 150 * ms},
			{Pod: "a", Started: 400 * ms, Reused: true},
			{Pod: "a", Started: 350 * ms, Cause: Refused},
			{Pod: "a", Started: 999 * ms, Control: true},
			{Pod: "c", Started: 999 * ms},
		},
	}
	want := map[string]Late{
		"a": {Connections: 2, Requests: 3, LastConnection: 250 * ms, LastRequest: 300 * ms},
		"b": {LastConnection: Never, LastRequest: Never},
	}
	late, got := NewLateArrivals(run.Events), map[string]Late{}
	for i := range run.Attempts {
		late.Add(&run.Attempts[i])
	}
	for pod, l := range late {
		got[pod] = l.Late
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestByPattern(t *testing.T) {
	var attempts []Attempt
	for i := range 200 {
		at := time.Duration(i) * ms
		attempts = append(attempts, Attempt{Pattern: "keepalive", Scheduled: at, Started: at + ms, Ended: at + time.Duration(200-i)*ms})
	}
	attempts = append(attempts,
		Attempt{Pattern: "zebra"},
		Attempt{Pattern: "keepalive", Cause: EOF, Retry: RetryOK, Ended: time.Hour},
		Attempt{Pattern: "keepalive", Cause: EOF, Retry: RetryFailed},
		Attempt{Pattern: "keepalive", Cause: Reset},
		Attempt{Pattern: "new", Cause: Refused},
		Attempt{Pattern: "new", Control: true},
		Attempt{Pattern: "new", Control: true, Cause: Reset},
	)
	want := []Traffic{
		{Pattern: "new", Attempts: 1, Dropped: 1, DroppedAfterRetry: 1, Causes: map[Cause]int{Refused: 1}},
		{Pattern: "keepalive", Attempts: 203, Dropped: 3, DroppedAfterRetry: 2, Causes: map[Cause]int{EOF: 2, Reset: 1},
			Latency: Latency{P50: 100 * ms, P90: 180 * ms, P99: 198 * ms, Max: 200 * ms}},
		{Pattern: "zebra", Attempts: 1, Causes: map[Cause]int{}},
	}
	var totals Totals
	for i := range attempts {
		totals.Add(&attempts[i])
	}
	if diff := cmp.Diff(want, totals.ByPattern()); diff != "" {
		t.Error(diff)
	}
	if got, want := totals.Control, (Control{Attempts: 2, Failed: 1}); got != want {
		t.Errorf("control %+v, want %+v", got, want)
	}
}

func TestQuantilesOfOne(t *testing.T) {
	one := latencies{}
	one.add(7*ms + 999*time.Nanosecond)
	if got, want := one.quantiles(), (Latency{7 * ms, 7 * ms, 7 * ms, 7 * ms}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARestartIsNoTermination(t *testing.T) {
	pods := Pods([]Event{
		{At: 1, Kind: Started, Pod: "a"}, {At: 2, Kind: Ready, Pod: "a"},
		{At: 3, Kind: Signalled, Pod: "a", Caught: true}, {At: 4, Kind: Killed, Pod: "a"}, {At: 5, Kind: Exited, Pod: "a", Code: 137},
		{At: 6, Kind: Restarted, Pod: "a"},
		{At: 8, Kind: Deleted, Pod: "a"}, {At: 9, Kind: PreStopStarted, Pod: "a"}, {At: 10, Kind: Signalled, Pod: "a", Caught: true},
		{At: 11, Kind: Killed, Pod: "a", Uncaught: true}, {At: 12, Kind: Exited, Pod: "a", Code: 137, Signal: "SIGKILL"},
	})
	want := []Pod{{Name: "a", Started: 1, Ready: 2, Deleted: 8, PreStop: 9, Signalled: 10, Killed: 11, Exited: 12, Evicted: Never, Forced: Never,
		Code: 137, Signal: "SIGKILL", Restarts: 1}}
	if diff := cmp.Diff(want, pods); diff != "" {
		t.Error(diff)
	}
	if t0 := pods[0].T0(); t0 != 9 {
		t.Errorf("T0 is %d", t0)
	}
}
