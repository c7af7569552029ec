package diagnose

import "time"

// inferCloseTimes gives each pod whose close of the listener is not certain the
// time that the quickest certain pod took after T0, or else the quickest pod.
// In the lab every one is certain.
func inferCloseTimes(pods []*podFacts) {
	model := firstClosed(pods, true)
	if model == nil {
		model = firstClosed(pods, false)
	}
	if model == nil {
		return
	}
	after := exactly(model.closed.latest).since(model.t0)
	likely := model.closed.latest - model.t0.earliest
	for _, p := range pods {
		if !p.exitInexact || !p.t0.came() || p.closedSure {
			continue
		}
		// When either termination began is known to a window only.
		closed := window{p.t0.earliest + after.atLeast, p.t0.latest + after.atMost}
		if p.lastSurely <= closed.latest && (!p.exit.came() || p.t0.earliest+likely <= p.exit.latest) {
			p.closedEither = p.closedEither || model.closedEither
			p.closed = exactly(max(p.t0.earliest+likely, p.lastSurely))
		}
	}
}

// firstClosed is the pod that closed its listener soonest after T0 and kept
// running, or nil.
func firstClosed(pods []*podFacts, sureOnly bool) *podFacts {
	var first *podFacts
	for _, p := range pods {
		if !p.closed.came() || sureOnly && !p.closedSure || p.evictedWithoutNotice() || p.closedAtExit() {
			continue
		}
		if first == nil || p.closed.latest-p.t0.earliest < first.closed.latest-first.t0.earliest {
			first = p
		}
	}
	return first
}

// evictedWithoutNotice reports whether the node ended the pod before its
// endpoint could be removed: an eviction through the API deletes the pod first.
func (p *podFacts) evictedWithoutNotice() bool {
	if p.Evicted == never {
		return false
	}
	deleted := ofLab(p.Deleted)
	return !deleted.came() || deleted.since(p.t0).shorterThan(notice) == no || exactly(p.Exited).before(exactly(p.Deleted)) == yes
}

// notice is how soon after a deletion the kubelet acts on it: its loop runs at least once a
// second (syncLoop).
const notice = time.Second
