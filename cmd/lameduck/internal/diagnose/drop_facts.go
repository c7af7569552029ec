package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// dropFacts is a failed attempt and what is known around it.
type dropFacts struct {
	*timeline.Attempt
	*runFacts
	pod      *podFacts     // the pod of the attempt; if unrouted: the pod that stopped last, or nil
	unrouted bool          // the Service had no endpoint
	previous time.Duration // when the previous response on the connection was complete, or never
}

// notStarted reports whether the attempt was never started, because too many
// others were waiting.
func (d *dropFacts) notStarted() bool { return d.Started == never }

// late reports whether the attempt ended after the termination of its pod
// began.
func (d *dropFacts) late() bool {
	return !d.unrouted && d.pod != nil && d.pod.t0 != never && d.Ended >= d.pod.t0-clockSlack
}

// classify names the fault behind a drop of a pod that has no fault as a whole,
// or "". The rules that judge single drops ask it, so that they cannot overlap.
func classify(d *dropFacts) string {
	if !d.late() || d.pod.fault != "" {
		return ""
	}
	switch {
	case d.Cause == timeline.Status5xx && d.pod.servedBeforeT0():
		return answers5xx
	case d.afterClose():
		return delayShorter
	case !d.cut():
		return ""
	case d.pod.inProgress(d.Attempt):
		return cutsInFlight
	case d.Reused && d.pod.couldAskAt(d.previous):
		return cutsKeepAlive // it had responded on this connection without Connection: close
	case d.pod.closed != never:
		return delayShorter // with a longer delay the request would have gone to another pod, or been done
	case d.Reused && d.Ended-d.Started < minDelay:
		return cutsKeepAlive // sent while the server closed the idle connection
	}
	return cutsInFlight
}

// markUnrouted decides whether the attempt met a Service without an endpoint.
// Where the pod is only inferred that is possible too: the pod had served after
// T0 and stopped, and no other pod was ready when new connections began to be
// refused.
func (d *dropFacts) markUnrouted(since time.Duration) {
	switch {
	case d.Pod == "":
		d.unrouted, d.pod = true, d.lastStopped(d.Ended)
	case d.PodBy != timeline.Observed && d.pod != nil && d.pod.fault == "" && d.pod.t0 != never && since >= d.pod.t0 && !d.anotherReady(d.pod, since):
		d.unrouted = true
	}
}

// couldAskAt reports whether the server had surely handled the stop signal by
// then, and could send Connection: close with a response.
func (p *podFacts) couldAskAt(at time.Duration) bool {
	return at >= p.t0+p.t0Error+noticeDelay+p.lag.during(p.t0, p.t0+noticeDelay)
}

// afterClose reports whether the new connection was refused after the listener
// closed.
func (d *dropFacts) afterClose() bool {
	at, refused := notAccepted(d.Attempt)
	return refused && d.pod.closed != never && at >= d.pod.closed-clockSlack
}

// cut reports whether the server ended the connection during the attempt. An
// attempt that waits from before the exit to its own time-out was cut as well,
// unless requests time out all over the run.
func (d *dropFacts) cut() bool {
	exited := d.pod.Exited
	straddles := exited != never && d.Started <= exited && d.Ended >= exited-d.pod.exitError
	return cutByServer(d.Attempt) || d.overload == "" && d.Cause == timeline.Timeout && d.Conn != 0 && straddles
}

// servedBeforeT0 reports whether the pod answered without an error before T0:
// errors after T0 are then caused by the termination.
func (p *podFacts) servedBeforeT0() bool {
	return p.firstAnswer != never && (p.firstError == never || p.firstError >= p.t0-clockSlack)
}
