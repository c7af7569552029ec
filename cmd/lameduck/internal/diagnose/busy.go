package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// A server or a machine under more load than it can take lets clients wait
// until they give up, all over the run. That is neither a termination's doing
// nor anything that could be said about one.

var ruleNotKeepingUp = rule{
	id:      notKeepingUp,
	summary: "The server does not keep up with --rate: requests time out all over the run, also while nothing is being replaced.",
	claims:  func(d *drop) bool { return d.overload == notKeepingUp && hangs(d.Attempt) },
	remark:  remarkControl,
	fix: func(*matter) advice {
		return advice{other: "lower --rate to what the service is meant for, or give it more replicas or more CPU (a limit that throttles it does this as well); then try again: what its terminations drop can only be told when all else is served."}
	},
}

var ruleTooBusy = rule{
	id:      tooBusy,
	summary: "This machine is too busy to judge: requests time out all over the run, and those to the control target, which never terminates, fail or wait as well.",
	claims:  func(d *drop) bool { return d.overload == tooBusy && hangs(d.Attempt) },
	remark:  remarkControl,
	fix: func(*matter) advice {
		return advice{other: "lower --rate, run on a machine with less to do, or send the traffic from elsewhere; nothing is said of the server by these drops."}
	},
}

func remarkControl(m *matter) string {
	first, last := bounds(m.drops)
	c := timeline.ControlOf(m.run.Attempts)
	return fmt.Sprintf("between %s and %s; at the control target %d of %d failed, the longest wait there was %s",
		seconds(first), seconds(last), c.Failed, c.Attempts, span(m.lag.longest))
}

// hangs reports whether the client waited in vain, or could not even start
// for others that did.
func hangs(a *timeline.Attempt) bool {
	return a.Cause == timeline.Timeout || a.Cause == timeline.DialTimeout
}

// Hangs are all over the run if there are so many, in so many of its seconds
// in which no pod was terminating: a third of them, and not only a moment.
const (
	fewHangs    = 5
	fewSeconds  = 3
	shareOfTime = 3
)

// whatIsBusy names the finding for hangs all over the run, or is empty. The
// control target tells the server from the machine; without it, or without
// hangs, there is nothing to say.
func (s *scene) whatIsBusy(attempts []*timeline.Attempt) string {
	calm, hung := map[time.Duration]bool{}, map[time.Duration]bool{}
	hangsSeen, lagged := 0, 0
	disturbed := s.disturbances()
	for _, a := range attempts {
		if disturbed.overlap(a.Scheduled, a.Ended, anyPod) {
			continue
		}
		second := a.Scheduled / time.Second
		calm[second] = true
		if hangs(a) {
			hung[second] = true
			hangsSeen++
			if s.lag.during(a.Scheduled, a.Ended) >= atOnce {
				lagged++
			}
		}
	}
	c := timeline.ControlOf(s.run.Attempts)
	switch {
	case c.Attempts == 0 || hangsSeen < fewHangs || len(hung) < fewSeconds || len(hung)*shareOfTime < len(calm):
		return ""
	case c.Failed*100 > c.Attempts || lagged*2 > hangsSeen:
		return tooBusy
	}
	return notKeepingUp
}

// disturbances is when some pod was terminating or down.
func (s *scene) disturbances() *periods {
	var all []period
	for _, l := range s.lives {
		if l.t0 != never {
			all = append(all, period{l.t0 - slack, until(l.Exited, atOnce), l.index})
		}
		for _, o := range l.outages {
			all = append(all, period{o.from - slack - s.run.Accuracy, until(o.to, 0), l.index})
		}
	}
	return newPeriods(all)
}

// until is so long after the moment, or forever if it did not come.
func until(at, after time.Duration) time.Duration {
	if at == never {
		return forever
	}
	return at + after
}
