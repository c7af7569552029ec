package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// responses are how long clients of the control target waited.
type responses struct {
	inTime  time.Duration // a wait that shows no lag; only longer ones are kept
	path    time.Duration // the shortest that a connection took to be made: there and back, by the kernel alone
	known   bool          // one was made
	longest time.Duration
	waits   []response // those that may show a lag
	failed  []wait     // the same of attempts that failed
}

// response is a wait in which the path was taken so many times, there and back.
type response struct {
	wait
	trips time.Duration
}

func (r *responses) add(control *timeline.Attempt) {
	w := response{wait{control.Scheduled, control.Ended}, 1}
	r.longest = max(r.longest, w.length())
	if !control.Reused {
		w.trips = 2
		if connected := control.Sent - control.Started; !control.Failed() && control.Sent != never && (!r.known || connected < r.path) {
			r.path, r.known = connected, true
		}
	}
	switch {
	case w.length() <= r.inTime:
	case control.Failed():
		r.failed = append(r.failed, w.wait)
	default:
		r.waits = append(r.waits, w)
	}
}
