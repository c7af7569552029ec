package diagnose

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// On a cluster it is not always known which of several pods turned a client
// away, or cut it. But they run the same program, and it terminates the same
// way each time: what one is seen to do is true of all that are in doubt.

// conduct is what a pod does when it is terminated. It is worked out once for
// each pod, because that takes a look at all of its attempts.
type conduct struct {
	goesAtOnce       bool
	outlivesListener bool // only of one that goes at once
	abrupt           bool // only of one that goes at once
	keepsClients     bool // keptInUse > 0
	keptInUse        int  // kept connections that it used to its end, without asking them to leave
}

func (l *life) seenConduct() conduct {
	c := conduct{goesAtOnce: l.leftAtOnce(), keptInUse: l.untold()}
	c.outlivesListener = c.goesAtOnce && l.outlivedItsListener()
	c.abrupt = c.goesAtOnce && l.leftInDisorder()
	c.keepsClients = c.keptInUse > 0
	return c
}

// or adds what another pod is seen to do, as far as rules ask for that.
func (c conduct) or(other conduct) conduct {
	c.outlivesListener = c.outlivesListener || other.outlivesListener
	c.abrupt = c.abrupt || other.abrupt
	c.keepsClients = c.keepsClients || other.keepsClients
	return c
}

// likelyConduct is the conduct of the pod itself where everything is exact, and
// else that of any pod.
func (l *life) likelyConduct() conduct {
	if l.run.Accuracy == 0 {
		return l.conduct
	}
	return l.ofAny
}

// agree gives pods of which it is not sure when they closed their listener the
// time that it took the quickest of which it is sure, or else the quickest.
func (s *scene) agree() {
	if s.run.Accuracy == 0 {
		return
	}
	model := s.firstClosed(true)
	if model == nil {
		model = s.firstClosed(false)
	}
	if model == nil {
		return
	}
	after := model.closed - model.t0
	for _, l := range s.lives {
		if at := l.t0 + after; l.t0 != never && !l.sure && !l.tookAfter(at) && (l.Exited == never || at <= l.Exited) {
			l.closed = at
		}
	}
}

// afterItsExit reports whether it took new connections for as long as it
// lived.
func (l *life) afterItsExit() bool {
	return l.Exited != never && l.closed >= l.Exited-l.exitedBy-slack
}

// firstClosed is the pod that closed its listener soonest after it was told,
// and went on; or nil.
func (s *scene) firstClosed(sure bool) *life {
	var first *life
	for _, l := range s.lives {
		if l.closed == never || sure && !l.sure || l.evictedWithoutNotice() || l.afterItsExit() {
			continue
		}
		if first == nil || l.closed-l.t0 < first.closed-first.t0 {
			first = l
		}
	}
	return first
}

// tookAfter reports whether it is known to have taken a new connection later.
func (l *life) tookAfter(at time.Duration) bool {
	return slices.ContainsFunc(l.attempts, func(a *timeline.Attempt) bool {
		return !a.Reused && !a.Dropped() && a.PodBy != timeline.ByLikelihood && a.Started > at+slack
	})
}
