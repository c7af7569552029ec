package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// lag is how late this machine was, as the control target shows: what it took
// longer for its answers, a pod may have taken longer for whatever it did.
type lag struct {
	control []*timeline.Attempt // in the order in which they were due
	longest time.Duration
}

func newLag(attempts []timeline.Attempt) *lag {
	l := &lag{}
	for i := range attempts {
		if a := &attempts[i]; a.Control {
			l.control = append(l.control, a)
			l.longest = max(l.longest, a.Latency())
		}
	}
	slices.SortStableFunc(l.control, func(a, b *timeline.Attempt) int { return cmp.Compare(a.Scheduled, b.Scheduled) })
	return l
}

// during is the longest that the control target kept a client waiting whose
// wait was between those moments, or through them.
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
