package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// defaultGrace is the grace period of a pod that sets none. It is a limit and
// not a wait, so a smaller number gains nothing.
const defaultGrace = 30

func newLoad(run *timeline.Run, pods []*podFacts) load {
	l := load{statuses: map[int]int{}, patterns: map[string]bool{}}
	if run.Stage == "cluster" {
		l.terminating = terminations(pods)
	}
	return l
}

func (l *load) add(a *timeline.Attempt) {
	l.attempts++
	if !l.patterns[a.Pattern] {
		l.patterns[a.Pattern] = true
	}
	if a.Status != 0 {
		l.statuses[a.Status]++
	}
	if !a.Dropped() && a.Status < 300 {
		l.successes++
		l.clear, l.tls = l.clear || !a.TLS, l.tls || a.TLS
	}
	if !a.Reused && (a.Pod != "" || a.Conn != 0) {
		l.opens = true
	}
	// A request that was cut counts for as long as it had lasted; one that timed
	// out does not count.
	if !a.Dropped() || cutByServer(a) {
		l.longest = max(l.longest, a.Ended-a.Started)
	}
	if l.terminating == nil || a.Reused || a.Started == never || a.Pod != "" && a.PodBy != timeline.Probable || a.Pod == "" && a.Conn == 0 {
		return
	}
	if l.terminating.overlap(a.Started, a.Started, anyPod) {
		l.unattributed++
	}
}

// recommend derives the delay and the grace period from what this run measured,
// never from a constant alone:
//
//	delay = last new connection after T0 × 1.25 + 1 s, rounded up
//	grace = delay + longest request + 5 s, rounded up to 5 s; at least 30 s
//
// The quarter is for days on which the cluster is slower, the second for
// kube-proxy, which gathers changes for 1 s (minSyncPeriod); 5 s is for closing
// what is left and for the kubelet's own 2 s floor. Without a termination in
// the run, or without a new connection, nothing was measured, and both are 0.
// So they are where the pod of the new connections after T0 is not known, and
// nothing else shows it; Why gives the reason.
func (l *load) recommend(run *timeline.Run, pods []*podFacts) finding.Recommendation {
	if !slices.ContainsFunc(pods, func(p *podFacts) bool { return p.T0() != never }) {
		return finding.Recommendation{Why: "no pod was terminated in this run, so nothing was measured"}
	}
	if !l.opens {
		return finding.Recommendation{Why: "no new connection to a pod was made in this run, so the propagation delay was not measured"}
	}
	m := l.lastConnection(run, pods)
	if !m.known() {
		return finding.Recommendation{Why: fmt.Sprintf("the pod of %s after termination began is not known, so the propagation delay was not measured: let the server send the name of its pod in a response header", finding.Count(m.unknown, "new connection"))}
	}
	delay := wholeSeconds(m.last*5/4 + time.Second)
	needed := roundUp(wholeSeconds(time.Duration(delay)*time.Second+l.longest+5*time.Second), 5)
	return finding.Recommendation{
		DelaySeconds: delay,
		GraceSeconds: max(needed, defaultGrace),
		Why:          m.whyDelay(delay) + "; " + whyGrace(l.longest, needed),
	}
}

func whyGrace(longest time.Duration, needed int) string {
	sum := fmt.Sprintf("with the longest request, %s, and a reserve of 5 s, rounded up to a multiple of 5 s, the grace period must be at least %d s", span(longest), needed)
	if needed < defaultGrace {
		sum += fmt.Sprintf(", which the default of %d s covers", defaultGrace)
	}
	return sum
}
