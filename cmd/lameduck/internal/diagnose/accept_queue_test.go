package diagnose

import (
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestWaitedInTheAcceptQueue: looks at 0 to 1 s saw an empty queue, at 1.1 to 2
// s one with connections, at 2.1 to 3 s an empty one, and from 4 s on no listener.
func TestWaitedInTheAcceptQueue(t *testing.T) {
	var q acceptQueue
	for _, e := range []timeline.Event{
		{Kind: timeline.AcceptQueue, At: 10 * ms},
		{Kind: timeline.AcceptQueue, After: s, At: 1100 * ms, Waiting: 2, StalledAfter: s, StalledBy: 1100 * ms},
		{Kind: timeline.AcceptQueue, After: 2 * s, At: 2100 * ms},
		{Kind: timeline.ListenerClosed, After: 3 * s, At: 4 * s},
		{Kind: timeline.ListenerClosed, After: 5 * s, At: 5 * s},
		{Kind: timeline.Exited, At: 6 * s},
	} {
		q.addEvent(e)
	}
	for _, tt := range []struct {
		name        string
		made, until time.Duration
		want        answer
	}{
		{"seen to be empty", 100 * ms, 500 * ms, no},
		{"waits for a while, and is accepted", 1050 * ms, 2500 * ms, no},
		{"waits until its end", 1050 * ms, 1900 * ms, yes},
		{"made before it was last empty", 900 * ms, 1900 * ms, no},
		{"no look meanwhile", 3100 * ms, 3900 * ms, unsure},
		{"no listener", 4100 * ms, 5 * s, unsure},
		{"after the last look", 6 * s, 7 * s, unsure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := q.waited(tt.made, tt.until); got != tt.want {
				t.Errorf("answer %d, want %d", got, tt.want)
			}
		})
	}
	if q.stalled.came() {
		t.Errorf("stalled since %v, though all were accepted", q.stalled)
	}
	if (&acceptQueue{}).waited(0, s) != unsure {
		t.Error("it is sure without having seen anything")
	}
}
