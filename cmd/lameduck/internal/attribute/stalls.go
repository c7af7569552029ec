package attribute

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// span is the time between two moments.
type span struct{ from, to time.Duration }

// Stalls are the times in which the tool did nothing of what it had to do: in the
// lab its clients, the control plane and the kubelet. On a cluster these are not
// in its process, and there are none.
type Stalls struct {
	all    []span          // in order; no two overlap
	before []time.Duration // how long all[:i] took together
}

// NewStalls collects the stalls of a run.
func NewStalls(run *timeline.Run) Stalls {
	return Joined(func(yield func(from, to time.Duration) bool) {
		for _, e := range run.Events {
			if e.Kind == timeline.Stalled && run.Stage != "cluster" && !yield(e.Due, e.At) {
				return
			}
		}
	})
}

// Joined are the stalls between pairs of moments, in any order; they may overlap.
func Joined(pairs iter.Seq2[time.Duration, time.Duration]) Stalls {
	var found []span
	for from, to := range pairs {
		if from < to {
			found = append(found, span{from, to})
		}
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	s := Stalls{before: []time.Duration{0}}
	for _, x := range found {
		if n := len(s.all); n > 0 {
			x.from = max(x.from, s.all[n-1].to)
		}
		if x.from < x.to {
			s.before = append(s.before, s.before[len(s.all)]+x.to-x.from)
			s.all = append(s.all, x)
		}
	}
	return s
}

// Within is how much of the time between two moments the tool was stalled.
func (s *Stalls) Within(from, to time.Duration) time.Duration {
	if to <= from {
		return 0
	}
	return s.until(to) - s.until(from)
}

// until is how long the tool was stalled before a moment.
func (s *Stalls) until(at time.Duration) time.Duration {
	n := sort.Search(len(s.all), func(i int) bool { return s.all[i].to > at })
	sum := s.before[n]
	if n < len(s.all) {
		sum += max(0, at-s.all[n].from)
	}
	return sum
}

// Longest is the longest stall that overlaps the time between two moments.
func (s *Stalls) Longest(from, to time.Duration) time.Duration {
	var longest time.Duration
	for i := s.first(from); i < len(s.all) && s.all[i].from <= to; i++ {
		longest = max(longest, s.all[i].to-s.all[i].from)
	}
	return longest
}

// Outweigh reports whether, from some moment between the two on, the tool was stalled for at
// least half of the time until the second, and for timeline.MostLate or longer. A time-out
// at the second moment shows nothing then.
func (s *Stalls) Outweigh(from, to time.Duration) bool {
	for i := s.first(from); i < len(s.all) && s.all[i].from < to; i++ {
		since := max(from, s.all[i].from)
		if lost := s.Within(since, to); lost >= timeline.MostLate && 2*lost >= to-since {
			return true
		}
	}
	return false
}

// first is the index of the first stall that ends after the moment.
func (s *Stalls) first(from time.Duration) int {
	return sort.Search(len(s.all), func(i int) bool { return s.all[i].to > from })
}
