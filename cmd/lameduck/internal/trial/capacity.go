package trial

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const (
	// fewAnswers: less than that many responses of a pattern show no queue.
	fewAnswers = 6
	// lateShare is the part of the responses, the last ones, that are compared with
	// the fastest: a server that has just started is slow at first.
	lateShare = 3
)

// queued reports whether requests wait for one another at the server: of some
// pattern the last responses took far longer than the fastest. The
// server, or its part of this machine, has less capacity than the rate.
func (r *recorder) queued() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.servedAt > 0 && r.attempts > 0 && r.attempts == r.dropped && r.lastTimedOut() {
		return true // those of the load before, at a higher rate, are not done yet
	}
	latencies := map[string][]time.Duration{}
	for i := range r.record.Attempts {
		if a := &r.record.Attempts[i]; !a.Control && !a.Dropped() {
			latencies[a.Pattern] = append(latencies[a.Pattern], a.Latency())
		}
	}
	for _, all := range latencies {
		if len(all) >= fewAnswers && growing(all) {
			return true
		}
	}
	return false
}

// lastTimedOut reports whether the last attempt that ended did so by a time-out.
func (r *recorder) lastTimedOut() bool {
	for i := range slices.Backward(r.record.Attempts) {
		if a := &r.record.Attempts[i]; !a.Control {
			return a.Cause == timeline.Timeout
		}
	}
	return false
}

// growing reports whether the last of some latencies, in the order in which the
// attempts ended, are those of a queue.
func growing(all []time.Duration) bool {
	last := slices.Sorted(slices.Values(all[len(all)-len(all)/lateShare:]))
	return last[len(last)/2] >= 2*slices.Min(all)+timeline.MostLate
}
