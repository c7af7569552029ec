package pod

import "time"

// minimumGrace is the time of a container between its stop signal and SIGKILL
// even if the preStop hook used the grace period up
// (minimumGracePeriodInSeconds in the kubelet's kuberuntime_manager.go).
const minimumGrace = 2 * time.Second

// remaining is the rest of a grace period for the stop signal after elapsed.
// The kubelet counts whole seconds of it.
func remaining(grace, elapsed time.Duration) time.Duration {
	return max(minimumGrace, grace-elapsed.Truncate(time.Second))
}

const (
	backoffStart = 10 * time.Second
	backoffLimit = 5 * time.Minute
	backoffReset = 2 * backoffLimit // of running well
)

// backoff is how long a container that ended waits for its restart, after that
// many restarts in a row: not at all the first time, then 10 s, and twice as
// long each time, up to 5 minutes (CrashLoopBackOff).
func backoff(restarts int) time.Duration {
	if restarts == 0 {
		return 0
	}
	delay := backoffStart
	for ; restarts > 1 && delay < backoffLimit; restarts-- {
		delay *= 2
	}
	return min(delay, backoffLimit)
}
