package workers

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
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

// connBits is how many bits of a connection's number are the worker's own.
const connBits = 40

// unique makes the number of a connection unique in the run. 0 stays 0.
func unique(conn uint64, worker int) uint64 {
	if conn == 0 {
		return 0
	}
	return uint64(worker+1)<<connBits | conn
}

// move puts every moment of an attempt onto another clock.
func move(a *timeline.Attempt, by time.Duration) {
	for _, m := range []*timeline.Moment{&a.Scheduled, &a.Started, &a.Sent, &a.Ended, &a.EndedConn} {
		if *m != timeline.Never {
			*m += by
		}
	}
}
