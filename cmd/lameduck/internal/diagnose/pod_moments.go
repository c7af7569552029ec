package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// earliestT0 is T0 as early as it may have been reported.
func (p *podFacts) earliestT0() time.Duration { return attribute.EarliestT0(&p.Pod, p.accuracy) }

// notAccepted reports whether the new connection of the attempt was not
// accepted, and since when that is known. One that waited for its answer until
// its time-out was, if the accept queue was empty meanwhile; one that was reset with
// the queue was not.
func (p *podFacts) notAccepted(a *timeline.Attempt) (time.Duration, bool) {
	if p.resetWithTheQueue(a) {
		return a.Started, true
	}
	at, refused := notAccepted(a)
	if timedOut(a) && a.Conn != 0 && a.Sent != never && p.acceptQueue.waited(a.Sent, a.Ended) == no {
		return never, false
	}
	return at, refused
}

// resetWithTheQueue reports whether the connection was in the accept queue when the
// listener closed, while its process ran on: of those that it has accepted, that resets
// none. Until then the server was busy, or accepted none any more.
func (p *podFacts) resetWithTheQueue(a *timeline.Attempt) bool {
	return a.Cause == timeline.Reset && p.closedFirst && p.gone.came() && p.exit.came() && p.gone.before(p.exit) == yes &&
		p.leftInQueue(a)
}

// leftInQueue reports whether the new connection that was cut may have come when the
// oldest of those that were not accepted had: it was behind that one in the queue.
func (p *podFacts) leftInQueue(a *timeline.Attempt) bool {
	return queued(a) && p.stalled.came() && exactly(a.Started).before(p.stalled) != yes
}

// stopped is when the pod stopped accepting new connections: it closed its
// listener, or it exited, or its workers did.
func (p *podFacts) stopped() window {
	stopped := p.closed
	if !stopped.came() || p.exit.came() && p.exit.latest < stopped.latest {
		stopped = p.exit
	}
	if p.cutAll.came() && p.cutAll.latest < stopped.latest {
		return p.cutAll
	}
	return stopped
}

// closedAtExit reports whether the pod accepted new connections until it
// exited.
func (p *podFacts) closedAtExit() bool {
	return p.exit.came() && p.closed.came() && p.closed.latest >= p.exit.earliest
}

// atOnce reports whether the pod did something as soon as its termination began, of which it may
// have been late by as much as this machine was.
func (p *podFacts) atOnce(did window, o *observer) answer {
	late := o.slow.during(p.t0.earliest, p.t0.latest+minDelay)
	return window{did.earliest - late, did.latest}.since(p.t0).shorterThan(minDelay)
}
