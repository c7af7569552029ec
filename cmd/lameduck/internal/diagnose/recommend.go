package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// defaultGrace is the grace period of a pod that sets none. It is a limit and
// not a wait, so a smaller number gains nothing.
const defaultGrace = 30

// Recommend derives the delay and the grace period from what this run measured,
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
func Recommend(run *timeline.Run) finding.Recommendation {
	return recommend(run, timeline.Pods(run.Events), timeline.LateArrivals(run))
}

func recommend(run *timeline.Run, pods []timeline.Pod, late map[string]timeline.Late) finding.Recommendation {
	if len(late) == 0 {
		return finding.Recommendation{Why: "no pod was terminated in this run, so nothing was measured"}
	}
	if !opensConnections(run) {
		return finding.Recommendation{Why: "no new connection to a pod was made in this run, so the propagation delay was not measured"}
	}
	m := lastConnection(run, pods, late)
	if !m.known() {
		return finding.Recommendation{Why: fmt.Sprintf("the pod of %s after termination began is not known, so the propagation delay was not measured: let the server send the name of its pod in a response header", count(m.unknown, "new connection"))}
	}
	longest := longestRequest(run)
	delay := wholeSeconds(m.last*5/4 + time.Second)
	needed := roundUp(wholeSeconds(time.Duration(delay)*time.Second+longest+5*time.Second), 5)
	return finding.Recommendation{
		DelaySeconds: delay,
		GraceSeconds: max(needed, defaultGrace),
		Why:          m.whyDelay(delay) + "; " + whyGrace(longest, needed),
	}
}

func whyGrace(longest time.Duration, needed int) string {
	sum := fmt.Sprintf("with the longest request, %s, and a reserve of 5 s, the grace period must be %d s", span(longest), needed)
	if needed < defaultGrace {
		sum += fmt.Sprintf(", which the default of %d s covers", defaultGrace)
	}
	return sum
}

func opensConnections(run *timeline.Run) bool {
	for i := range run.Attempts {
		if a := &run.Attempts[i]; !a.Control && !a.Reused && (a.Pod != "" || a.Conn != 0) {
			return true
		}
	}
	return false
}

// longestRequest is the longest request that was answered. A request that was
// cut counts for as long as it had lasted; one that timed out does not count.
func longestRequest(run *timeline.Run) time.Duration {
	var longest time.Duration
	for i := range run.Attempts {
		a := &run.Attempts[i]
		if !a.Control && (!a.Dropped() || cutByServer(a)) {
			longest = max(longest, a.Ended-a.Started)
		}
	}
	return longest
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func roundUp(n, to int) int { return (n + to - 1) / to * to }
