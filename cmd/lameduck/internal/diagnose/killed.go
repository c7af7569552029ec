package diagnose

import (
	"fmt"
	"slices"
)

// Where no client comes to a pod for long after its termination began, it looks the same to all
// whether it keeps serving, has closed its listener and does not exit, or ignores the signal.

// doubtOfKill is why it is not certain that the grace period of a pod was too short.
func (p *podFacts) doubtOfKill() doubt {
	if p.mayIgnore() {
		return doubt{fmt.Sprintf("nothing shows whether %s handled the stop signal: it was killed, and no connection was in use until then", p.Name), hintPodName}
	}
	return p.doubtOfListener()
}

// mayIgnore reports whether nothing shows that the process handled the stop signal, nor that
// it did not: its handler could not be seen, it asked no connection to close, and it neither
// refused a connection nor responded with an error.
func (p *podFacts) mayIgnore() bool {
	fails := slices.ContainsFunc(p.drops, func(d *dropFacts) bool { return d.endedAfterT0() && d.errsSinceT0() })
	open := !p.closed.came() || p.closedAtExit()
	return p.Unknown && p.Signalled != never && !p.hookUsedGrace && !p.ignores() && !p.likely.asksToClose && !fails && open
}

// doubtOfListener is why it is not certain that the pod kept its listener open, of one that was
// not seen to close it: the kernel did not show it, no request came that late, and no connection
// when the server had surely handled the signal.
func (p *podFacts) doubtOfListener() doubt {
	accepts := p.asked != never && p.handled.before(exactly(p.lastSurely)) == yes
	if p.watched() || accepts || p.hookUsedGrace || p.closed.came() && !p.closedAtExit() || exactly(p.lastServed).since(p.t0).shorterThan(minDelay) == no {
		return noDoubt
	}
	return doubt{fmt.Sprintf("no client sent a request to %s for long after its termination began, so it is not known whether it kept serving until its end", p.Name), hintOften}
}

// cutsBeforeExit reports whether the server cut requests while it ran on, as net/http's Shutdown
// does with those that it was still reading: an exit cuts all at one moment.
func (p *podFacts) cutsBeforeExit() bool {
	return slices.ContainsFunc(p.drops, func(d *dropFacts) bool {
		return d.endedAfterT0() && cutByServer(&d.Attempt) && exactly(d.Ended).before(p.exit) == yes
	})
}
