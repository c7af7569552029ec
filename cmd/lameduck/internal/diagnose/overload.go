package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// timedOut reports whether the client got no answer in time, or could not start
// because others waited.
func timedOut(a *timeline.Attempt) bool {
	return a.Cause == timeline.Timeout || a.Cause == timeline.DialTimeout
}

// Time-outs are all over the run if there are so many, in so many of its seconds
// in which no pod was terminating: a third of them, and not only a moment.
const (
	minTimeouts = 5
	minSeconds  = 3
	shareOfTime = 3
)

// findOverload names the finding for time-outs all over the run, or is empty.
// The control target distinguishes an overloaded server from an overloaded machine;
// without it, or without time-outs, nothing is found.
func (s *runFacts) findOverload(attempts []*timeline.Attempt) string {
	undisturbed, hung := map[time.Duration]bool{}, map[time.Duration]bool{}
	timeouts, lagged := 0, 0
	disturbed := s.disturbances()
	for _, a := range attempts {
		if disturbed.overlap(a.Scheduled, a.Ended, anyPod) {
			continue
		}
		second := a.Scheduled / time.Second
		undisturbed[second] = true
		if timedOut(a) {
			hung[second] = true
			timeouts++
			if s.lag.during(a.Scheduled, a.Ended) >= minDelay {
				lagged++
			}
		}
	}
	c := timeline.ControlOf(s.run.Attempts)
	switch {
	case c.Attempts == 0 || timeouts < minTimeouts || len(hung) < minSeconds || len(hung)*shareOfTime < len(undisturbed):
		return ""
	case c.Failed*100 > c.Attempts || lagged*2 > timeouts:
		return tooBusy
	}
	return notKeepingUp
}

// disturbances is when some pod was terminating or down.
func (s *runFacts) disturbances() *periods {
	var all []period
	for _, p := range s.pods {
		if p.t0 != never {
			all = append(all, period{p.t0 - clockSlack, until(p.Exited, minDelay), p.index})
		}
		for _, o := range p.outages {
			all = append(all, period{o.from - clockSlack - s.run.Accuracy, until(o.to, 0), p.index})
		}
	}
	return newPeriods(all)
}
