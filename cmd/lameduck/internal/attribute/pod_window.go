package attribute

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// podWindow is when clients could reach a pod, each moment as early or as late
// as it may have been.
type podWindow struct {
	timeline.Pod
	routableFrom time.Duration // may get new connections from here on, or Never
	earliestT0   time.Duration // its termination began at this moment at the earliest, or Never
	exits        []exit
	changes      []change      // of its state in the EndpointSlice
	addedCount   int           // proxies that have added it
	lastAdded    time.Duration // the latest of them
	addedByAll   time.Duration // every proxy has added it; Never if that is not known
	removedCount int           // proxies that have removed it
	removedByAll time.Duration // every proxy has removed it, or Never
	stoppedAt    time.Duration // accepts no new connection any more, as far as is known, or Never
	lastRefused  time.Duration // the last dial that it refused because it did not listen yet
	lastAccepted time.Duration // the last new connection that it surely accepted, or Never
}

// exit is one exit of a process, between two moments; restarted is when the
// next process may have run, or Never; cut is when the exit is seen to have
// ended connections.
type exit struct{ from, to, restarted, cut time.Duration }

// change is the state in the EndpointSlice from a moment on.
type change struct {
	at     time.Duration
	usable bool // ready, or terminating and still serving
}

func newPodWindow(p timeline.Pod, accuracy *Accuracy) *podWindow {
	return &podWindow{Pod: p, routableFrom: accuracy.since(p.Ready), earliestT0: EarliestT0(&p, accuracy), addedByAll: timeline.Never, removedByAll: timeline.Never, stoppedAt: timeline.Never, lastAccepted: timeline.Never}
}

// EarliestT0 is the earliest moment at which the termination of the pod may
// have begun, in a run of that accuracy; Never if it has no T0. The kubelet
// does not act before the deletion, which the API server reports without delay.
func EarliestT0(p *timeline.Pod, accuracy *Accuracy) time.Duration {
	t0 := p.T0()
	if t0 == timeline.Never || accuracy.Exact() {
		return t0
	}
	earliest := max(0, accuracy.OfKubelet(t0))
	if p.Deleted != timeline.Never && p.Deleted <= t0+controlPlaneDelay {
		earliest = max(earliest, accuracy.OfControlPlane(min(p.Deleted, t0)))
	}
	return earliest
}

// EarliestExit is the earliest moment at which the process of a pod may have exited that was
// terminated: so long after its termination began as it surely ran, however late the kubelet
// reported that it had exited.
func EarliestExit(p *timeline.Pod, accuracy *Accuracy) time.Duration {
	if p.RanUntil == 0 || p.T0() == timeline.Never || accuracy.Exact() {
		return accuracy.OfKubelet(p.Exited)
	}
	return min(p.Exited, EarliestT0(p, accuracy)+max(0, p.RanUntil-p.T0()))
}

func (p *podWindow) addEvent(e timeline.Event, accuracy *Accuracy, proxies int) {
	switch e.Kind {
	case timeline.Exited:
		from := accuracy.OfKubelet(e.At)
		if e.At == p.Exited {
			from = EarliestExit(&p.Pod, accuracy)
		}
		p.exits = append(p.exits, exit{from, e.At, timeline.Never, timeline.Never})
		p.stoppedAt = e.At
	case timeline.Restarted, timeline.Ready:
		if n := len(p.exits); n > 0 && p.exits[n-1].restarted == timeline.Never {
			p.exits[n-1].restarted = accuracy.OfKubelet(e.At)
			p.stoppedAt = timeline.Never
		}
	case timeline.EndpointAdded:
		if ofSlice(&e) {
			p.changes = append(p.changes, change{e.At, true})
			if since := accuracy.since(e.At); p.routableFrom == timeline.Never || since < p.routableFrom {
				p.routableFrom = since
			}
		} else {
			p.added(e, proxies)
		}
	case timeline.EndpointTerminating:
		if ofSlice(&e) {
			p.changes = append(p.changes, change{e.At, true})
			if p.routableFrom == timeline.Never { // it was ready, which was not seen
				p.routableFrom = max(0, p.Started)
			}
		}
	case timeline.EndpointRemoved:
		p.removed(e, proxies)
	}
}

// added notes that a proxy has added the pod. One that was not ready for a moment is added
// again.
func (p *podWindow) added(e timeline.Event, proxies int) {
	p.lastAdded = max(p.lastAdded, e.At)
	if p.addedCount++; p.addedCount == proxies {
		p.addedByAll = p.lastAdded
	}
	if p.removedCount > 0 {
		p.removedCount, p.removedByAll = p.removedCount-1, timeline.Never
	}
}

func (p *podWindow) removed(e timeline.Event, proxies int) {
	if ofSlice(&e) {
		p.changes = append(p.changes, change{e.At, false})
		return
	}
	p.removedCount++
	if p.removedCount == proxies {
		p.removedByAll = e.At
	}
}

// inSlice reports whether the EndpointSlice had the pod as usable then.
func (p *podWindow) inSlice(at time.Duration) bool {
	usable := false
	for _, c := range p.changes {
		if c.at <= at {
			usable = c.usable
		}
	}
	return usable
}

// available reports whether the pod was a usable endpoint then, running, and
// known to the proxies.
func (p *podWindow) available(at time.Duration) bool {
	return p.inSlice(at) && !p.notRunning(at) && (p.addedByAll == timeline.Never || at >= p.addedByAll+controlPlaneDelay)
}

// notRunning reports whether the pod surely had no process then.
func (p *podWindow) notRunning(at time.Duration) bool {
	return slices.ContainsFunc(p.exits, func(x exit) bool {
		return at > x.to+clockSlack && (x.restarted == timeline.Never || at < x.restarted)
	})
}

// unrouted reports whether no proxy routes new connections to the pod any more.
func (p *podWindow) unrouted(at time.Duration) bool {
	since := p.Deleted
	if since == timeline.Never {
		since = p.earliestT0
	}
	fallback := p.inSlice(at) && !p.notRunning(at)
	return p.removedByAll != timeline.Never && at > p.removedByAll+controlPlaneDelay || since != timeline.Never && at > since+syncPeriod && !fallback
}

// routable reports whether a new connection may have been routed to the pod
// then.
func (p *podWindow) routable(at time.Duration) bool {
	return p.routableFrom != timeline.Never && at >= p.routableFrom-controlPlaneDelay && !p.unrouted(at)
}

// possible reports whether the whole of the connection may have been to this
// pod.
func (p *podWindow) possible(c *connection) bool {
	if !p.routable(c.opened) || p.notRunning(c.opened) || c.answered != timeline.Never && p.notRunning(c.answered) {
		return false
	}
	return !slices.ContainsFunc(p.exits, func(x exit) bool { return c.opened < x.from && c.answered > x.to+clockSlack })
}

// terminating reports whether the pod may have been terminating then, and not
// yet exited.
func (p *podWindow) terminating(at time.Duration) bool {
	return p.earliestT0 != timeline.Never && at >= p.earliestT0 && !p.notRunning(at)
}

// down reports whether the pod may not have accepted connections then: it was
// terminating, or had exited.
func (p *podWindow) down(at time.Duration) bool {
	if p.earliestT0 != timeline.Never && at >= p.earliestT0 {
		return true
	}
	return slices.ContainsFunc(p.exits, func(x exit) bool {
		return at >= x.from-clockSlack && (x.restarted == timeline.Never || at <= x.restarted+controlPlaneDelay)
	})
}

// refineExit corrects the moment of an exit: the kernel ends all connections of
// a process with it, at a moment that their clients know exactly.
func (p *podWindow) refineExit(at time.Duration) {
	n := len(p.exits)
	if n == 0 || p.exits[n-1].restarted != timeline.Never {
		return
	}
	last := p.exits[n-1]
	if at >= last.from-clockSlack && at <= last.to && (p.stoppedAt == last.to || at > p.stoppedAt) {
		p.stoppedAt = at
	}
}

// exitBetween is the exit of the pod that may have been between two moments, or
// nil.
func (p *podWindow) exitBetween(since, until time.Duration) *exit {
	for i := range p.exits {
		if x := &p.exits[i]; x.from-clockSlack <= until && x.to+clockSlack >= since {
			return x
		}
	}
	return nil
}

// distance is how badly the moment fits the exit, 0 best: the moment at which
// it cut other connections, an exit of which no cut is known yet, any other.
func (x *exit) distance(at time.Duration) int {
	switch {
	case x.cut != timeline.Never && (at-x.cut).Abs() <= clockSlack:
		return 0
	case x.cut == timeline.Never:
		return 1
	}
	return 2
}
