package diagnose

import "fmt"

// A pod that was killed at the end of its grace period looks the same to its clients whatever it
// did until then, if none came: it drained for too long, had closed its listener and did not
// exit, or ignored the signal.

// doubtOfKill is why it is not certain that the grace period of a pod was too short.
func (p *podFacts) doubtOfKill() doubt {
	switch {
	case p.fault != graceShorter || p.Killed == never || p.Signalled == never || p.hookUsedGrace:
		return noDoubt
	case p.mayIgnore():
		return doubt{fmt.Sprintf("nothing shows whether %s handled the stop signal: it was killed, and no connection was in use until then", p.Name), hintPodName}
	case p.mayHaveClosed():
		return doubt{fmt.Sprintf("no client sent a request to %s for long after its termination began, so it is not known whether it kept serving until it was killed", p.Name), hintOften}
	}
	return noDoubt
}

// mayIgnore reports whether nothing shows that the process handled the stop signal, nor that
// it did not: its handler could not be seen, it asked no connection to close, and it neither
// refused a connection nor responded with an error.
func (p *podFacts) mayIgnore() bool {
	fails := p.firstError != never && p.servedBeforeT0()
	return p.Unknown && !p.ignores() && !p.likely.asksToClose && !fails && (!p.closed.came() || p.closedAtExit())
}

// mayHaveClosed reports whether nothing shows that the pod kept its listener open: that was not
// seen, no request came that late, and no connection when it had surely handled the signal.
func (p *podFacts) mayHaveClosed() bool {
	accepts := p.asked != never && p.handled.before(exactly(p.lastSurely)) == yes
	return !p.watched() && !accepts && exactly(p.lastServed).since(p.t0).shorterThan(minDelay) != no
}
