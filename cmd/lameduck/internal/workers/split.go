package workers

import (
	"time"
)

// tenth is the smallest part of the rate that a pattern runs at: slow makes a
// tenth of the attempts.
const tenth = 10

// shares splits a rate over n workers; the sum is the rate. Where possible, all
// but one are multiples of ten: then the tenths that slow makes of them add up
// to the tenth of the whole as well. Below ten a worker, slow makes its one
// attempt a second from each worker that has a share at all.
func shares(rate, n int) []int {
	unit := tenth
	if rate < unit*n {
		unit = 1
	}
	all := make([]int, n)
	for i := range all {
		all[i] = rate / unit / n * unit
		if i < rate/unit%n {
			all[i] += unit
		}
	}
	all[n-1] += rate % unit
	return all
}

// stagger is how long after the others worker i of n begins, so that they
// take turns: n workers of a like rate sample like one of the whole rate.
func stagger(i, rate int) time.Duration { return time.Duration(i) * time.Second / time.Duration(rate) }
