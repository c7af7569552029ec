package diagnose

import (
	"maps"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestLateAsTheFallback: a connection that is refused by a terminating pod came too late for that
// pod's delay if another pod was ready. If none was, as with Recreate, the pod was the fallback, and
// no delay would have been long enough.
func TestLateAsTheFallback(t *testing.T) {
	const t0, closed, refused = 10 * time.Second, 15 * time.Second, 15200 * time.Millisecond
	for _, tt := range []struct {
		ready, added time.Duration // added: the node has the new pod since then
		want         string
	}{
		{9 * time.Second, 9100 * time.Millisecond, delayShorter},  // a surge
		{9 * time.Second, 15500 * time.Millisecond, delayShorter}, // a surge, and the node learns of it too late
		{16 * time.Second, 16100 * time.Millisecond, noEndpoint},  // Recreate
		{16 * time.Second, timeline.Never, noEndpoint},            // no node was seen
		{timeline.Never, timeline.Never, delayShorter},            // what followed is not known
	} {
		ready, want := tt.ready, tt.want
		at := func(start, end time.Duration, cause timeline.Cause) timeline.Attempt {
			return timeline.Attempt{Pattern: "new", Pod: "app-1", Node: "node-1", Scheduled: start, Started: start, Sent: timeline.Never, Ended: end, Cause: cause}
		}
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{
			{At: 0, Kind: timeline.Started, Pod: "app-1"}, {At: 1, Kind: timeline.Ready, Pod: "app-1"},
			{At: t0, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
			{At: closed, Kind: timeline.Exited, Pod: "app-1"},
		}, Attempts: []timeline.Attempt{
			at(8*time.Second, 8*time.Second+time.Millisecond, ""), at(14*time.Second, 14*time.Second+time.Millisecond, ""), at(refused, refused, timeline.Refused),
		}}
		if ready != timeline.Never {
			run.Events = append(run.Events, timeline.Event{At: 8 * time.Second, Kind: timeline.Started, Pod: "app-2"}, timeline.Event{At: ready, Kind: timeline.Ready, Pod: "app-2"})
		}
		if tt.added != timeline.Never {
			run.Events = append(run.Events, timeline.Event{At: tt.added, Kind: timeline.EndpointAdded, Pod: "app-2", Node: "node-1"})
		}
		got := map[string]int{}
		for _, f := range Findings(run) {
			got[f.ID] = f.Drops
		}
		if !maps.Equal(got, map[string]int{want: 1}) {
			t.Errorf("another pod ready at %v: %v, want %s", ready, got, want)
		}
	}
}
