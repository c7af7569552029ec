package trial

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

const (
	// fewAnswers: less than that many responses of a pattern show no queue.
	fewAnswers = 6
	// lateShare is the part of the responses, the last ones, that are compared with
	// the fastest: a server that has just started is slow at first.
	lateShare = 3
)

// ended are the attempts of one pattern that have ended, in that order.
type ended struct {
	last      time.Duration   // when the last of them was due
	latencies []time.Duration // of those that were answered
}

// queued reports whether requests wait for one another at the server: of some
// pattern the last responses took far longer than the fastest, or none has ended since. The
// server, or its part of this machine, has less capacity than the rate.
func (r *recorder) queued() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.servedAt > 0 && r.attempts > 0 && r.attempts == r.dropped && r.lastTimedOut() {
		return true // those of the load before, at a higher rate, are not done yet
	}
	now := r.clock.Now()
	for name, p := range r.byPattern() {
		if len(p.latencies) >= fewAnswers && growing(p.latencies) || p.stuck(now, traffic.Interval(name, r.record.Rate)) {
			return true
		}
	}
	return false
}

func (r *recorder) byPattern() map[string]*ended {
	patterns := map[string]*ended{}
	for i := range r.record.Attempts {
		a := &r.record.Attempts[i]
		if a.Control {
			continue
		}
		p := patterns[a.Pattern]
		if p == nil {
			p = &ended{}
			patterns[a.Pattern] = p
		}
		p.last = max(p.last, a.Scheduled)
		if !a.Dropped() {
			p.latencies = append(p.latencies, a.Latency())
		}
	}
	return patterns
}

// stuck reports whether no attempt has ended of those that should have by now: the workers of
// the server have others, or wait for their next request.
func (p *ended) stuck(now, interval time.Duration) bool {
	return len(p.latencies) > 0 && now-p.last >= interval+slow(p.latencies)
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
	return last[len(last)/2] >= slow(all)
}

// slow is how long a response takes that waits for others.
func slow(latencies []time.Duration) time.Duration {
	return 2*slices.Min(latencies) + timeline.MostLate
}
