package diagnose

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// findOverload names the finding for time-outs all over the run, or is empty.
// A backlog before the first termination is enough, where it does not owe to this machine.
// The control target distinguishes an overloaded server from an overloaded machine;
// without it, or without time-outs, nothing is found. Time-outs that are void count
// too: they are no evidence against the server, but for this machine.
func findOverload(s *runFacts) string {
	disturbed, hung := disturbances(s.pods), map[time.Duration]bool{}
	timeouts, lagged := 0, 0
	for _, d := range slices.Concat(s.drops, s.voidTimeouts) {
		if !timedOut(&d.Attempt) || d.disturbed(disturbed) {
			continue
		}
		hung[d.Scheduled/time.Second] = true
		timeouts++
		if d.Void || s.waits.during(d.Scheduled, d.Ended) >= minDelay {
			lagged++
		}
	}
	undisturbed := len(hung)
	for second := range s.seconds {
		if !hung[second] && !disturbed.overlap(second*time.Second, (second+1)*time.Second-1, anyPod) {
			undisturbed++
		}
	}
	switch c := s.control; {
	case c.Attempts > 0 && c.Failed*100 <= c.Attempts && s.backlog.grows:
		return notKeepingUp
	case c.Attempts == 0 || timeouts < minTimeouts || len(hung) < minSeconds || len(hung)*shareOfTime < undisturbed:
		return ""
	case c.Failed*100 > c.Attempts || lagged*2 > timeouts:
		return tooBusy
	}
	return notKeepingUp
}

// disturbed reports whether a termination, or a crash, may have made the attempt
// time out. Where the lab sent it to a pod, that is one of this pod: the
// termination of another only leaves it with its share of the load.
func (d *dropFacts) disturbed(all *periods) bool {
	if d.pod == nil || d.Pod == "" || d.PodBy != timeline.Observed || d.pod.Ready == never {
		return all.overlap(d.Scheduled, d.Ended, anyPod)
	}
	return disturbances([]*podFacts{d.pod}).overlap(d.Scheduled, d.Ended, anyPod)
}

// disturbances is when some pod was terminating or down.
func disturbances(pods []*podFacts) *periods {
	var all []period
	for _, p := range pods {
		if p.t0.came() {
			all = append(all, period{p.t0.earliest, until(p.exit.latest, minDelay), p.index})
		}
		for _, o := range p.outages {
			all = append(all, period{o.from.earliest, until(o.to, 0), p.index})
		}
	}
	return newPeriods(all)
}
