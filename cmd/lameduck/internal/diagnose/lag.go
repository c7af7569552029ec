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

// newLag takes the attempts at the control target: all, or those that were served
// alone. One that failed waited as long as its own limit, and maybe for a network
// that leads nowhere. What it waited may explain what a pod did late, but it does
// not show that the pod was late.
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
