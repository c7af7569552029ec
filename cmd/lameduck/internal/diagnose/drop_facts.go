package diagnose

import (
	"cmp"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// notStarted reports whether the attempt was never started, because too many
// others were waiting.
func (d *dropFacts) notStarted() bool { return d.Started == never }

// classify names the fault behind a drop of a pod that has no fault as a whole,
// or "", so that the rules for single drops cannot overlap; and why that is not
// certain.
func classify(d *dropFacts) (class string, why doubt) {
	if u := d.withoutProbe(); u != nil {
		return probeFails, u.doubt()
	}
	why = d.doubtOfPart()
	if d.unrouted && d.pod != nil && d.pod.fault != "" {
		why = cmp.Or(why, d.pod.doubt) // the fault of that pod explains it
	}
	if !d.endedAfterT0() {
		if d.lostToIdleClose() {
			return closesIdle, d.doubtOfIdleClose()
		}
		return "", why
	}
	if d.eitherPod() {
		why = notAcceptingDoubt(d.pod.Name, d.Started)
	}
	switch {
	case d.ofOverload():
		return "", why // whatever the termination was
	case d.run.overload == notKeepingUp:
		why = handledLate
	}
	if d.pod.doubt.any() {
		why = d.pod.doubt
	}
	if d.pod.fault != "" {
		return "", why
	}
	if d.cut() && !d.afterClose() && d.pod.inProgress(d, d.run.observer) == unsure {
		why = d.unseenProgress()
	}
	class = d.faultOfTermination()
	if class == cutsInFlight && d.pod.cutsBeforeExit() {
		why = cmp.Or(why, d.pod.doubtOfListener())
	}
	switch {
	case class != cutsInFlight:
	case d.pod.leftInQueue(&d.Attempt):
		why = d.pod.busyDoubt(d.pod.stalled.latest)
	case d.pod.watched() && d.pod.maybeQueued(&d.Attempt) && d.pod.inProgress(d, d.run.observer) == yes:
		why = d.unseenProgress()
	}
	return class, why
}

// doubtOfPart is why it is not certain what the server had to do with the drop.
func (d *dropFacts) doubtOfPart() doubt {
	if waited := d.starved(); waited > 0 {
		return doubt{fmt.Sprintf("%s was new, and waited %s for a processor of this machine while it did not accept a connection", d.pod.Name, span(waited)), hintLate}
	}
	if late := d.run.waits.during(d.Scheduled, d.Ended); timedOut(&d.Attempt) && (late >= minDelay || d.late(late)) {
		return d.lateBy(late)
	}
	if d.run.unseenEndpoint && (d.Pod == "" || d.PodBy != timeline.Observed) {
		return endpointNotSeen
	}
	if d.pod != nil && d.pod.perhapsKilled(d) {
		return notSeen("exit", d.pod.Name)
	}
	if gap := d.run.accuracy.Unwatched(d.Scheduled, d.Ended); gap > 0 {
		return doubt{fmt.Sprintf("a watch of the API server was interrupted for %s while requests were dropped, so it is not known what happened to pods meanwhile", span(gap)), "run it again"}
	}
	terminating := d.run.mayTerminate
	if d.Pod == "" && d.Conn != 0 && terminating != nil && terminating.overlap(d.Started, d.Ended, anyPod) {
		return doubt{fmt.Sprintf("it is not known to which pod the connection was that failed at %s, while one terminated", seconds(d.Ended)), hintPodName}
	}
	return noDoubt
}

// late reports whether the client would have had its response in time if this machine had not
// been late by so much, as long as others had to wait for theirs.
func (d *dropFacts) late(by time.Duration) bool {
	usual, known := d.run.backlog.shortest[d.Pattern]
	return known && by > 0 && usual+d.run.backlog.longest+by >= d.Ended-d.Scheduled
}

// starved is for how long the pod, which was new, had no processor until the attempt was
// given up, if it may have accepted the connection otherwise: it would have served
// earlier by as much as it waited for a processor until it did. One that never did
// would have served when the traffic ended, at the earliest.
func (d *dropFacts) starved() time.Duration {
	if d.pod == nil || !timedOut(&d.Attempt) {
		return 0
	}
	served := d.pod.firstAnswer
	if served == never {
		served = d.run.lastStart
	}
	if served-d.pod.starvedUntil(served, &d.run.waiting) > d.Ended {
		return 0
	}
	return d.pod.starvedUntil(d.Ended, nil)
}

// starvedUntil is for how long the pod had no processor, as a new endpoint, until the
// moment. When it is not new any more, this machine shows it.
func (p *podFacts) starvedUntil(at time.Duration, then *attribute.Stalls) (waited time.Duration) {
	seen := at
	for _, w := range p.starting {
		waited += max(0, min(w.over, at)-w.due)
		seen = w.over
	}
	if then != nil {
		waited += then.Within(seen, at)
	}
	return waited
}

// perhapsKilled reports whether the attempt may have been cut by a SIGKILL that was not seen,
// as on a cluster: when the grace period was over.
func (p *podFacts) perhapsKilled(d *dropFacts) bool {
	grace := d.run.run.Spec.Grace
	return p.exitInexact && p.t0.came() && !p.exit.came() && cutByServer(&d.Attempt) &&
		grace > 0 && exactly(d.Ended).since(p.t0).shorterThan(grace) != yes
}

// endpointNotSeen is the doubt where responses came that no known pod can have given: what is
// concluded of the others, because they were the only ones, may be wrong.
var endpointNotSeen = doubt{"responses came when no pod was seen to serve, so that not all pods are known", "run it again"}

// handledLate is the doubt about the termination of a server that does not keep up.
var handledLate = doubt{"the server did not keep up with the load, so it handled the stop signal and its connections late", "run it again with a lower --rate"}

// unseenProgress is the doubt about a request that was cut, and that the server may not have
// begun with: this machine was late meanwhile, or nothing shows it.
func (d *dropFacts) unseenProgress() doubt {
	if late := d.run.waits.during(d.Started, d.Ended); late >= time.Millisecond {
		return d.lateBy(late)
	}
	return doubt{fmt.Sprintf("nothing shows whether %s had begun with a request when it cut it", d.pod.Name), hintSlow}
}

func (d *dropFacts) lateBy(late time.Duration) doubt {
	return doubt{fmt.Sprintf("this machine was late by %s while requests were dropped", span(late)), hintLate}
}

// faultOfTermination is the fault of a pod that had kept serving.
func (d *dropFacts) faultOfTermination() string {
	switch {
	case d.errsSinceT0():
		return answers5xx
	case d.afterClose():
		return delayShorter
	case !d.cut():
		return ""
	case d.pod.inProgress(d, d.run.observer) == yes:
		return cutsInFlight
	case d.Reused && d.pod.handled.before(d.run.noticed(d.pod.t0.earliest, d.previous)) == yes:
		return cutsKeepAlive // it had responded on this connection without Connection: close
	case d.pod.closed.came():
		return delayShorter // with a longer delay the request would have gone to another pod, or been done
	case d.Reused && d.Ended-d.Started < minDelay:
		return cutsKeepAlive // sent while the server closed the idle connection
	}
	return cutsInFlight
}

// findEndpoint decides whether the attempt met a Service without an endpoint.
// Where the pod is only inferred that is possible too: the pod had served after
// T0 and stopped, and no other pod was ready when new connections began to be
// refused.
func (d *dropFacts) findEndpoint() {
	if d.refusedSince == never {
		return
	}
	switch {
	case d.Pod == "":
		d.unrouted, d.pod = true, lastStopped(d.run.stops, d.Ended)
	case d.PodBy != timeline.Observed && d.pod != nil && d.pod.fault == "" && d.pod.t0.came() &&
		d.refusedSince >= d.pod.earliestT0() && !d.run.anotherReady(d.pod, d.refusedSince):
		d.unrouted = true
	case d.PodBy == timeline.Observed && d.pod != nil && d.pod.fault == "" && d.pod.t0.came() && d.afterClose() && d.asFallback():
		d.unrouted = true
	}
}

// asFallback reports whether the connection was routed to a terminating pod because no pod was
// ready until a later one was, as far as its node knew. One that was ready while the terminating
// pod still accepted connections would have come in time with a longer delay.
func (d *dropFacts) asFallback() bool {
	at, refused := notAccepted(&d.Attempt)
	if !refused {
		return false
	}
	later := false
	for _, p := range d.run.pods {
		switch {
		case p.Ready == never:
		case p.Ready > d.pod.closed.latest && p.readyOn(d.Node) > at:
			later = true
		case !p.t0.came() || exactly(at).before(p.t0) == yes:
			return false
		}
	}
	return later
}

// readyOn is since when the node has the pod as a ready endpoint, or, if that was not seen, since
// when it is ready.
func (p *podFacts) readyOn(node string) time.Duration {
	if at, seen := p.added[node]; seen {
		return at
	}
	return p.Ready
}

// queued reports whether the attempt may have waited behind others when it was cut.
func (d *dropFacts) queued() bool {
	switch p := d.pod; {
	case p == nil || !queued(&d.Attempt):
		return queued(&d.Attempt)
	case p.stalled.came():
		return p.leftInQueue(&d.Attempt)
	default:
		return p.acceptQueue.waited(max(d.Started, d.Sent), d.Ended) != no
	}
}

// ofOverload reports whether the attempt failed because the server does not keep up.
func (d *dropFacts) ofOverload() bool {
	return d.run.overload == notKeepingUp && (timedOut(&d.Attempt) || d.queued()) || d.neverAccepted()
}

// neverAccepted reports whether the connection waited in the accept queue until its client
// gave up, at a pod that had responded before and that nothing ended: whatever its share of
// the run, such a server has more connections than it takes.
func (d *dropFacts) neverAccepted() bool {
	p := d.pod
	return p != nil && timedOut(&d.Attempt) && d.Conn != 0 && !d.Reused && d.run.overload != tooBusy &&
		p.firstAnswer != never && p.firstAnswer < d.Started && p.acceptQueue.waited(d.Started, d.Ended) == yes &&
		!disturbances([]*podFacts{p}).overlap(d.Scheduled, d.Ended, anyPod)
}

// afterClose reports whether the new connection was refused after the listener
// closed.
func (d *dropFacts) afterClose() bool {
	at, refused := d.pod.notAccepted(&d.Attempt)
	return refused && d.pod.closed.came() && exactly(at).before(d.pod.closed) != yes
}

// cut reports whether the server ended the connection during the attempt. An
// attempt that waits from before the exit to its own time-out was cut as well,
// unless requests time out all over the run.
func (d *dropFacts) cut() bool {
	straddles := d.pod.exit.intersects(window{d.Started, d.Ended})
	return cutByServer(&d.Attempt) || d.run.overload == "" && timedOut(&d.Attempt) && d.Conn != 0 && straddles
}
