package timeline

import (
	"maps"
	"slices"
	"time"
)

// Latency has the exact quantiles (nearest rank, in whole microseconds) of the attempts that
// were served, counted from the moment each was due. All are 0 if none was served. A
// failure has no latency: a refusal would lower the figures, a timeout would
// only show how long the client waits.
type Latency struct{ P50, P90, P99, Max time.Duration }

// latencies counts how often each latency was seen, in whole microseconds: of these there
// are far fewer than attempts, and reports show no smaller part.
type latencies map[time.Duration]int

func (l latencies) add(latency time.Duration) { l[latency.Truncate(time.Microsecond)]++ }

func (l latencies) quantiles() Latency {
	sorted, all := slices.Sorted(maps.Keys(l)), 0
	for _, n := range l {
		all += n
	}
	// The q-th per cent is the smallest value that at least q in a hundred do not exceed.
	at := func(q int) time.Duration {
		left := (all*q + 99) / 100
		i := slices.IndexFunc(sorted, func(d time.Duration) bool { left -= l[d]; return left <= 0 })
		if i < 0 {
			return 0
		}
		return sorted[i]
	}
	return Latency{P50: at(50), P90: at(90), P99: at(99), Max: at(100)}
}
