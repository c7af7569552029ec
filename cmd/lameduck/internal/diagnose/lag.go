package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// lag is how late this machine was, as the control target shows: by as much as
// its responses were slower, a pod may have been slower in whatever it did.
type lag struct {
	waits   []wait // in the order in which they were due
	longest time.Duration
}

// wait is how long a client of the control target waited.
type wait struct{ due, over time.Duration }

// inTime is a wait that shows no lag: it is within the resolution of every
// event. Only longer ones are kept.
const inTime = resolution / 3

func (l *lag) add(a *timeline.Attempt) {
	l.longest = max(l.longest, a.Latency())
	if a.Latency() > inTime {
		l.waits = append(l.waits, wait{a.Scheduled, a.Ended})
	}
}

func (l *lag) sort() {
	slices.SortStableFunc(l.waits, func(a, b wait) int { return cmp.Compare(a.due, b.due) })
}

// during is the longest wait of a client of the control target that overlaps
// those moments.
func (l *lag) during(from, to time.Duration) time.Duration {
	first, _ := slices.BinarySearchFunc(l.waits, from-l.longest, func(w wait, at time.Duration) int { return cmp.Compare(w.due, at) })
	var worst time.Duration
	for _, w := range l.waits[first:] {
		if w.due > to {
			break
		}
		if w.over >= from {
			worst = max(worst, w.over-w.due)
		}
	}
	return worst
}
