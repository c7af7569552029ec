package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// defaultGrace is what Kubernetes gives a pod that asks for nothing. The
// grace period is a limit and not a wait, so that less gains nothing.
const defaultGrace = 30

// Recommend derives the delay and the grace period from what this run
// measured, never from a constant alone:
//
//	delay = last new connection after T0 × 1.25 + 1 s, rounded up
//	grace = delay + longest request + 5 s, rounded up to 5 s; at least 30 s
//
// The quarter is for a slower day than this one, the second for kube-proxy,
// which gathers changes for 1 s (minSyncPeriod); 5 s is for closing what is
// left and for the kubelet's own 2 s floor. Without any termination in the
// run, or without any new connection, nothing was measured, and both are 0.
func Recommend(run *timeline.Run) finding.Recommendation {
	late := timeline.LateArrivals(run)
	if len(late) == 0 {
		return finding.Recommendation{Why: "no pod was told to stop in this run, so nothing was measured"}
	}
	if !opensConnections(run) {
		return finding.Recommendation{Why: "no client opened a new connection to a pod in this run, so the time that they keep coming was not measured"}
	}
	last, pod := lastConnection(run, late)
	longest := longestRequest(run)
	delay := wholeSeconds(last*5/4 + time.Second)
	needed := roundUp(wholeSeconds(time.Duration(delay)*time.Second+longest+5*time.Second), 5)
	return finding.Recommendation{
		DelaySeconds: delay,
		GraceSeconds: max(needed, defaultGrace),
		Why:          whyDelay(last, pod, delay) + "; " + whyGrace(longest, needed),
	}
}

func whyDelay(last time.Duration, pod string, delay int) string {
	if pod == "" {
		return "no new connection came after termination began, so 1 s of delay is enough"
	}
	return fmt.Sprintf("the last new connection came %s after termination began (%s), × 1.25 + 1 s makes %d s of delay", span(last), pod, delay)
}

func whyGrace(longest time.Duration, needed int) string {
	sum := fmt.Sprintf("with the longest request, %s, and 5 s to spare the grace period must be %d s", span(longest), needed)
	if needed < defaultGrace {
		sum += fmt.Sprintf(", which the default of %d s covers", defaultGrace)
	}
	return sum
}

// lastConnection is the latest new connection of all pods, and the pod; the
// first by start if two are level. 0 and "" if none came.
func lastConnection(run *timeline.Run, late map[string]timeline.Late) (last time.Duration, pod string) {
	for _, p := range timeline.Pods(run.Events) {
		if l, ok := late[p.Name]; ok && l.Connections > 0 && (pod == "" || l.LastConnection > last) {
			last, pod = l.LastConnection, p.Name
		}
	}
	return last, pod
}

func opensConnections(run *timeline.Run) bool {
	for i := range run.Attempts {
		if a := &run.Attempts[i]; !a.Control && !a.Reused && a.Pod != "" {
			return true
		}
	}
	return false
}

// longestRequest is the longest that was answered. One that was cut counts
// for as long as it had lasted; one that timed out says nothing.
func longestRequest(run *timeline.Run) time.Duration {
	var longest time.Duration
	for i := range run.Attempts {
		a := &run.Attempts[i]
		if !a.Control && (!a.Dropped() || severed(a)) {
			longest = max(longest, a.Ended-a.Started)
		}
	}
	return longest
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func roundUp(n, to int) int { return (n + to - 1) / to * to }
