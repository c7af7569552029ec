package attribute

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// refusalGap is the longest time between two refusals by one pod that does not
// listen yet. Those that are further apart are concluded one by one, mostly with the same result.
const refusalGap = time.Second

func (in *inference) attributeDials() {
	for c := range in.byEnd() {
		if c.queued() && c.pod == "" {
			c.assign(in.podNotAccepting(c.opened))
		}
	}
	if in.dialsNamed {
		return // a stage that chooses pods itself omits the name only if there is no pod
	}
	inOrder := make([]*dial, len(in.dials))
	for i := range in.dials {
		inOrder[i] = &in.dials[i]
	}
	slices.SortStableFunc(inOrder, func(a, b *dial) int { return cmp.Compare(a.at, b.at) })
	for _, d := range inOrder {
		d.pod, d.by = in.podOfDial(d)
	}
}

// conntrackTimeout is for how long a node keeps the route of a SYN without an
// answer: a client that uses the same port again is sent to the same pod
// (nf_conntrack_tcp_timeout_syn_sent).
const conntrackTimeout = 120 * time.Second

// podOfDial is the pod of a dial that failed.
func (in *inference) podOfDial(d *dial) (string, timeline.By) {
	pod, by := in.podNotAccepting(d.at)
	if !d.unanswered {
		return pod, by
	}
	switch p := in.byName[pod]; {
	case p != nil && p.down(d.at):
		in.unansweredPod, in.unansweredAt = p, d.at
	case p != nil && in.unansweredPod != nil && d.at-in.unansweredAt < conntrackTimeout:
		return in.unansweredPod.Name, timeline.Probable
	}
	return pod, by
}

// podNotAccepting is the pod that did not accept a new connection at the
// moment.
func (in *inference) podNotAccepting(at time.Duration) (string, timeline.By) {
	if in.hasSlices && in.accuracy.Unwatched(at, at) == 0 && !slices.ContainsFunc(in.pods, func(p *podWindow) bool { return p.available(at) }) {
		return "", timeline.Observed
	}
	var down []*podWindow
	for _, p := range in.pods {
		if p.down(at) && p.routable(at) && p.lastAccepted <= at {
			down = append(down, p)
		}
	}
	if p := in.notListening; p != nil && at-p.lastRefused < refusalGap {
		p.lastRefused = at
		return p.Name, timeline.Probable
	}
	switch len(down) {
	case 0:
		return in.lastReady(at)
	case 1:
		down[0].setStopped(at)
		return down[0].Name, timeline.Inferred
	}
	return stoppedLast(down, at).Name, timeline.Probable
}

// setStopped notes that a pod accepts no new connection any more.
func (p *podWindow) setStopped(at time.Duration) {
	if p.stoppedAt == timeline.Never || at < p.stoppedAt {
		p.stoppedAt = at
	}
}

// stoppedLast is the pod that had stopped last; if none is known to have
// stopped, the one whose termination began first, because it will be the first
// to stop.
func stoppedLast(down []*podWindow, at time.Duration) *podWindow {
	best := down[0]
	for _, p := range down[1:] {
		has, had := p.hadStopped(at), best.hadStopped(at)
		if has && (!had || p.stoppedAt > best.stoppedAt) || !has && !had && p.earliestT0 < best.earliestT0 {
			best = p
		}
	}
	return best
}

func (p *podWindow) hadStopped(at time.Duration) bool {
	return p.stoppedAt != timeline.Never && p.stoppedAt <= at+clockSlack
}

// lastReady is the pod that the dial may have been routed to and that became
// ready last: it may not be listening yet.
func (in *inference) lastReady(at time.Duration) (string, timeline.By) {
	var ready []*podWindow
	for _, p := range in.pods {
		if p.routable(at) && !p.notRunning(at) && p.lastAccepted <= at {
			ready = append(ready, p)
		}
	}
	switch len(ready) {
	case 0:
		return in.anyReady(at)
	case 1:
		ready[0].lastRefused, in.notListening = at, ready[0]
		return ready[0].Name, timeline.Inferred
	}
	p := latest(ready)
	p.lastRefused, in.notListening = at, p
	return p.Name, timeline.Probable
}

// anyReady is a pod that refused a connection between others that it accepted.
// That is rare: if a terminating pod was removed not long ago, it was that pod.
func (in *inference) anyReady(at time.Duration) (string, timeline.By) {
	if p := in.lastRemoved(at); p != nil {
		return p.Name, timeline.Probable
	}
	ready := slices.DeleteFunc(slices.Clone(in.pods), func(p *podWindow) bool { return !p.routable(at) || p.notRunning(at) })
	if len(ready) == 0 {
		return "", timeline.Observed
	}
	if len(ready) == 1 {
		return ready[0].Name, timeline.Inferred
	}
	return latest(ready).Name, timeline.Probable
}

// lastRemoved is the terminating pod that the proxies removed last, nil if that
// is long ago. The metrics of kube-proxy show when a sync ended: one that began
// before the proxy knew of the removal ends after it, too.
func (in *inference) lastRemoved(at time.Duration) *podWindow {
	var last *podWindow
	for _, p := range in.pods {
		recent := p.earliestT0 != timeline.Never && p.earliestT0 <= at && p.removedByAll != timeline.Never && p.removedByAll <= at && at <= p.removedByAll+syncPeriod
		if recent && (last == nil || p.removedByAll > last.removedByAll) {
			last = p
		}
	}
	return last
}

func latest(ready []*podWindow) *podWindow {
	return slices.MaxFunc(ready, func(a, b *podWindow) int { return int(a.routableFrom - b.routableFrom) })
}
