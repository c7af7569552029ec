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
	control []*timeline.Attempt // in the order in which they were due
	longest time.Duration
}

// newLag takes the attempts at the control target: all of them, or only those
// that were served. A failed attempt waited until its own time-out, perhaps for
// a network that cannot be reached. Its wait may explain what a pod did late,
// but does not prove that the pod was late.
func newLag(attempts []timeline.Attempt, failed bool) *lag {
	l := &lag{}
	for i := range attempts {
		if a := &attempts[i]; a.Control && (failed || !a.Dropped()) {
			l.control = append(l.control, a)
			l.longest = max(l.longest, a.Latency())
		}
	}
	slices.SortStableFunc(l.control, func(a, b *timeline.Attempt) int { return cmp.Compare(a.Scheduled, b.Scheduled) })
	return l
}

// during is the longest wait of a client of the control target that overlaps
// those moments.
func (l *lag) during(from, to time.Duration) time.Duration {
	first, _ := slices.BinarySearchFunc(l.control, from-l.longest, func(a *timeline.Attempt, at time.Duration) int {
		return cmp.Compare(a.Scheduled, at)
	})
	var worst time.Duration
	for _, a := range l.control[first:] {
		if a.Scheduled > to {
			break
		}
		if a.Ended >= from {
			worst = max(worst, a.Latency())
		}
	}
	return worst
}
