package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// add notes an attempt. The response to a request that had begun before T0 may have been sent before
// as well, whenever its client noticed it.
func (k *kept) add(a *timeline.Attempt, t0 time.Duration) {
	if !a.Dropped() {
		k.answered = max(k.answered, a.Ended)
		if a.Started >= t0 {
			k.answers++
		}
	}
	if a.Started < k.started {
		return
	}
	k.started, k.dropped, k.end, k.ended = a.Started, a.Dropped(), a.End, a.EndedConn
	if k.dropped {
		k.ended = a.Ended
	}
}

// askedToClose reports whether the server announced the end of the connection.
func (k *kept) askedToClose() bool { return k.end == timeline.Announced }

// usedUntil reports whether the server had enough responses to ask the
// connection to close: two after T0, the last of them in the second half of the
// lame duck. A server that spreads the close of its connections over the first
// half has no fault.
func (k *kept) usedUntil(t0, stopped window) bool {
	return k.answers >= 2 && k.answered >= t0.earliest+(stopped.latest-t0.earliest)/2
}

// wholeSecond is the shortest idle time-out of a server that has shown none: one of a
// whole second. The shortest default of a server that we know is 2 s (gunicorn's keepalive).
const wholeSecond = time.Second

// idleTimeout is for how long the server keeps an idle connection at least: all pods run
// the same program, and where one has ended connections before its termination, and not by
// a crash, that shows it.
func idleTimeout(pods []*podFacts) time.Duration {
	least := wholeSecond
	for _, p := range pods {
		if p.idleFor != never && len(p.outages) == 0 {
			least = min(least, p.idleFor)
		}
	}
	return least
}

// closedBy distinguishes the exit of the pod from an idle time-out: the
// connection ended at the exit, or soon after the last response.
func (k *kept) closedBy(exit window, idle time.Duration) bool {
	if k.end != timeline.FIN && k.end != timeline.Broken && !k.dropped {
		return false
	}
	return k.ended >= exit.earliest-idle || k.ended-k.answered < idle
}

// countNotAsked counts the connections that were used until the exit and never
// asked to close, whatever the fault is. Where the pod was killed they may be
// what its shutdown waited for. 0 for a pod that asked most of its connections:
// it had no chance to ask the others.
func (v *clientView) countNotAsked(t0, stopped, exit window, s *runFacts) int {
	if !t0.came() || !exit.came() || stopped.latest < t0.earliest {
		return 0
	}
	notAsked, asked := 0, 0
	for _, k := range v.kept {
		switch {
		case !s.reusesConns[k.pattern]:
		case k.askedToClose():
			asked++
		case k.usedUntil(t0, stopped) && k.closedBy(exit, s.idleTimeout):
			notAsked++
		}
	}
	if notAsked <= asked {
		return 0
	}
	return notAsked
}
