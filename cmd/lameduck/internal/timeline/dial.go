package timeline

import (
	"slices"
	"time"
)

// dialled is the moment a dial says something about: a refusal comes at once,
// a SYN that nobody answers was sent long before it is given up.
func dialled(a *Attempt) time.Duration {
	if a.Cause == DialTimeout {
		return a.Started
	}
	return a.Ended
}

// streak is how long a pod that does not listen yet is silent between two
// refusals at most.
const streak = time.Second

func (in *inference) settleDials() {
	for _, l := range in.links {
		if l.queued() && l.attempts[0].Pod == "" {
			pod, by := in.unanswered(l.opened)
			l.belongsTo(pod, by)
		}
	}
	for _, a := range in.dials {
		// A stage that chooses pods itself leaves out a name only if there is no pod.
		if a.Pod == "" && a.Dropped() && !in.sighted {
			a.Pod, a.PodBy = in.turnedAway(a)
		}
	}
}

// remembered is for how long a node remembers where it sent a SYN that nobody
// answered: a client that uses the same port again is sent there again
// (nf_conntrack_tcp_timeout_syn_sent).
const remembered = 120 * time.Second

// turnedAway is the pod of a dial that failed.
func (in *inference) turnedAway(a *Attempt) (string, By) {
	at := dialled(a)
	pod, by := in.unanswered(at)
	if a.Cause != DialTimeout {
		return pod, by
	}
	switch p := in.byName[pod]; {
	case p != nil && p.down(at):
		in.silent, in.silentAt = p, at
	case p != nil && in.silent != nil && at-in.silentAt < remembered:
		return in.silent.Name, ByLikelihood
	}
	return pod, by
}

// unanswered is the pod that nobody took a new connection at.
func (in *inference) unanswered(at time.Duration) (string, By) {
	if in.slices && !slices.ContainsFunc(in.pods, func(p *presence) bool { return p.offered(at) }) {
		return "", BySight
	}
	var down []*presence
	for _, p := range in.pods {
		if p.down(at) && p.choosable(at) && p.took <= at+echo {
			down = append(down, p)
		}
	}
	if p := in.notYet; p != nil && at-p.refused < streak {
		p.refused = at
		return p.Name, ByLikelihood
	}
	switch len(down) {
	case 0:
		return in.lastReady(at)
	case 1:
		down[0].turnedAway(at)
		return down[0].Name, ByExclusion
	}
	return stoppedLast(down, at).Name, ByLikelihood
}

// turnedAway notes that a pod takes no connection any more.
func (p *presence) turnedAway(at time.Duration) {
	if p.stopped == Never || at < p.stopped {
		p.stopped = at
	}
}

// stoppedLast is the pod that had stopped last; if none had for all that is
// known, the one that was told first, for it will be the first to stop.
func stoppedLast(down []*presence, at time.Duration) *presence {
	best := down[0]
	for _, p := range down[1:] {
		has, had := p.hadStopped(at), best.hadStopped(at)
		if has && (!had || p.stopped > best.stopped) || !has && !had && p.told < best.told {
			best = p
		}
	}
	return best
}

func (p *presence) hadStopped(at time.Duration) bool {
	return p.stopped != Never && p.stopped <= at+echo
}

// lastReady is the pod that may have been chosen and became ready last: it may
// not be listening yet.
func (in *inference) lastReady(at time.Duration) (string, By) {
	var ready []*presence
	for _, p := range in.pods {
		if p.choosable(at) && !p.dead(at) && p.took <= at+echo {
			ready = append(ready, p)
		}
	}
	switch len(ready) {
	case 0:
		return in.anyReady(at)
	case 1:
		ready[0].refused, in.notYet = at, ready[0]
		return ready[0].Name, ByExclusion
	}
	p := latest(ready)
	p.refused, in.notYet = at, p
	return p.Name, ByLikelihood
}

// anyReady is a pod that turned a connection away between others it took. That
// is rare: if a pod that terminates was taken out not long ago, it was that.
func (in *inference) anyReady(at time.Duration) (string, By) {
	if p := in.takenOut(at); p != nil {
		return p.Name, ByLikelihood
	}
	ready := slices.DeleteFunc(slices.Clone(in.pods), func(p *presence) bool { return !p.choosable(at) || p.dead(at) })
	if len(ready) == 0 {
		return "", BySight
	}
	if len(ready) == 1 {
		return ready[0].Name, ByExclusion
	}
	return latest(ready).Name, ByLikelihood
}

// takenOut is the terminating pod that the proxies took out last, nil if that is
// long ago. What kube-proxy's metrics say is when a sync ended: one that began
// before the proxy knew of the removal ends after it, too.
func (in *inference) takenOut(at time.Duration) *presence {
	var last *presence
	for _, p := range in.pods {
		recent := p.told != Never && p.told <= at && p.gone != Never && p.gone <= at && at <= p.gone+forgets
		if recent && (last == nil || p.gone > last.gone) {
			last = p
		}
	}
	return last
}

func latest(ready []*presence) *presence {
	return slices.MaxFunc(ready, func(a, b *presence) int { return int(a.chosen - b.chosen) })
}
