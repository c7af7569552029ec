package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// behaviour is what a pod does when it is terminated. It is computed once for
// each pod, because it takes a pass over all attempts of the pod.
//
// On a cluster the pod that refused a connection, or cut it, is not always
// known. But the replicas run the same program, and it terminates in the same
// way each time: what one replica was seen to do holds for all replicas in
// doubt.
type behaviour struct {
	stopsAtOnce      bool
	runsAfterClose   bool // only if stopsAtOnce
	exitsUncleanly   bool // only if stopsAtOnce
	neverAsksToClose bool // notAskedToClose > 0
	notAskedToClose  int  // keep-alive connections used until the exit and never asked to close
}

func (p *podFacts) observeBehaviour() behaviour {
	c := behaviour{stopsAtOnce: p.stoppedAtOnce(), notAskedToClose: p.countNotAsked()}
	c.runsAfterClose = c.stopsAtOnce && p.ranAfterClose()
	c.exitsUncleanly = c.stopsAtOnce && p.exitedUncleanly()
	c.neverAsksToClose = c.notAskedToClose > 0
	return c
}

// or adds what another pod was seen to do, as far as the rules need it.
func (c behaviour) or(other behaviour) behaviour {
	c.runsAfterClose = c.runsAfterClose || other.runsAfterClose
	c.exitsUncleanly = c.exitsUncleanly || other.exitsUncleanly
	c.neverAsksToClose = c.neverAsksToClose || other.neverAsksToClose
	return c
}

// likelyBehaviour is the behaviour of the pod itself where every moment is
// exact, and that of any replica otherwise.
func (p *podFacts) likelyBehaviour() behaviour {
	if p.run.Accuracy == 0 {
		return p.behaviour
	}
	return p.anyBehaviour
}

// exitedUncleanly distinguishes an exit without a shutdown from a graceful shutdown
// that had nothing to wait for: a graceful shutdown exits with code 0 and cuts
// no request in progress. On a busy machine a few cut requests among many prove
// nothing.
func (p *podFacts) exitedUncleanly() bool {
	return p.Killed != never || p.Exited == never || p.Code != 0 || p.Signal != "" || 4*len(p.cutInProgress()) > len(p.cutByServer())
}

// stoppedAtOnce reports whether the pod stopped accepting connections as soon
// as its termination began, while the traffic went on.
func (p *podFacts) stoppedAtOnce() bool {
	stoppedAt := p.stoppedAt()
	return p.t0 != never && p.provenToServe() && p.t0 <= p.lastStart && stoppedAt != never &&
		stoppedAt-p.t0 < minDelay+p.t0Error+p.servedLag.during(p.t0, p.t0+minDelay)
}

// ranAfterClose reports whether the process still ran after new connections
// were refused: a connection that the pod surely had made progress, or the
// process exited later than a busy machine explains.
func (p *podFacts) ranAfterClose() bool {
	if p.closed == never {
		return false
	}
	if p.Exited == never || p.aliveUntil()-p.closed >= minDelay {
		return true
	}
	late := noticeDelay + p.lag.during(p.closed, p.Exited)
	for _, a := range p.attempts {
		_, refused := notAccepted(a)
		if refused || a.PodBy == timeline.Probable || p.run.Accuracy > 0 && cutByServer(a) {
			continue // on a cluster a cut may be caused by the exit, which was reported late itself
		}
		if a.Ended > p.closed+late && a.Ended <= p.Exited+clockSlack {
			return true
		}
	}
	return false
}

// aliveUntil is the last moment at which the process, which has exited, surely
// ran. A connection proves that only if it surely went to this pod, and only up
// to shortly before its client noticed the end, which it may have done late.
func (p *podFacts) aliveUntil() time.Duration {
	if p.run.Accuracy == 0 {
		return p.Exited
	}
	until := max(p.t0, p.exitReported-p.run.Accuracy)
	for _, a := range p.attempts {
		if cutByServer(a) && a.PodBy != timeline.Probable && a.Ended <= p.Exited {
			until = max(until, a.Ended-p.lag.during(p.closed, a.Ended))
		}
	}
	return until
}
