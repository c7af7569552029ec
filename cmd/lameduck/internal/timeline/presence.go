package timeline

import (
	"slices"
	"time"
)

// presence is when clients could meet a pod, each moment as early or as late
// as it may have been.
type presence struct {
	Pod
	chosen  time.Duration // may be chosen for new connections from here on, or Never
	told    time.Duration // its termination began then at the earliest, or Never
	exits   []exit
	changes []change      // of its place in the EndpointSlice
	hearers int           // proxies that have added it
	hearing time.Duration // the latest of them
	heard   time.Duration // every proxy has added it, or Never: then nobody says
	unheard int           // proxies that have removed it
	gone    time.Duration // every proxy has removed it, or Never
	stopped time.Duration // takes no new connection any more, as far as is known, or Never
	refused time.Duration // it does not listen yet: the last dial that says so
	took    time.Duration // the last new connection that it surely took, or Never
}

// exit is one end of a process, between two moments; back is when the next
// one may have run, or Never; cut is when it is seen to have ended connections.
type exit struct{ from, to, back, cut time.Duration }

// change is what the EndpointSlice says from a moment on.
type change struct {
	at     time.Duration
	usable bool // ready, or terminating and still serving
}

func newPresence(p Pod, accuracy time.Duration) *presence {
	return &presence{Pod: p, chosen: p.Ready, told: p.Told(accuracy), heard: Never, gone: Never, stopped: Never, took: Never}
}

// Told is the earliest moment at which the termination of the pod may have
// begun, in a run of that accuracy; Never if it has no T0. The kubelet does
// not act before the deletion, of which everybody is told at once.
func (p *Pod) Told(accuracy time.Duration) time.Duration {
	t0 := p.T0()
	if t0 == Never || accuracy == 0 {
		return t0
	}
	earliest := max(0, t0-accuracy)
	if p.Deleted != Never && p.Deleted <= t0+prompt {
		earliest = max(earliest, min(p.Deleted, t0)-min(accuracy, prompt))
	}
	return earliest
}

func (p *presence) witness(e Event, accuracy time.Duration, proxies int) {
	switch e.Kind {
	case Exited:
		p.exits = append(p.exits, exit{e.At - accuracy, e.At, Never, Never})
		p.stopped = e.At
	case Restarted, Ready:
		if n := len(p.exits); n > 0 && p.exits[n-1].back == Never {
			p.exits[n-1].back = e.At - accuracy
			p.stopped = Never
		}
	case EndpointAdded:
		if e.Node == 0 {
			p.changes = append(p.changes, change{e.At, true})
			if p.chosen == Never || e.At < p.chosen {
				p.chosen = e.At
			}
		} else {
			p.added(e, proxies)
		}
	case EndpointTerminating:
		if e.Node == 0 {
			p.changes = append(p.changes, change{e.At, true})
		}
	case EndpointRemoved:
		p.removed(e, proxies)
	}
}

// added: a pod that was not ready for a moment is taken in again.
func (p *presence) added(e Event, proxies int) {
	p.hearing = max(p.hearing, e.At)
	if p.hearers++; p.hearers == proxies {
		p.heard = p.hearing
	}
	if p.unheard > 0 {
		p.unheard, p.gone = p.unheard-1, Never
	}
}

func (p *presence) removed(e Event, proxies int) {
	if e.Node == 0 {
		p.changes = append(p.changes, change{e.At, false})
		return
	}
	p.unheard++
	if p.unheard == proxies {
		p.gone = e.At
	}
}

// listed reports whether the EndpointSlice offered it then.
func (p *presence) listed(at time.Duration) bool {
	usable := false
	for _, c := range p.changes {
		if c.at <= at {
			usable = c.usable
		}
	}
	return usable
}

// offered reports whether the endpoints offered it then, alive, to proxies
// that had heard of it.
func (p *presence) offered(at time.Duration) bool {
	return p.listed(at) && !p.dead(at) && (p.heard == Never || at >= p.heard+prompt)
}

// dead reports whether it surely had no process then.
func (p *presence) dead(at time.Duration) bool {
	return slices.ContainsFunc(p.exits, func(x exit) bool {
		return at > x.to+echo && (x.back == Never || at < x.back)
	})
}

// forgotten reports whether no proxy sends new connections there any more.
func (p *presence) forgotten(at time.Duration) bool {
	since := p.Deleted
	if since == Never {
		since = p.told
	}
	fallback := p.listed(at) && !p.dead(at)
	return p.gone != Never && at > p.gone+prompt || since != Never && at > since+forgets && !fallback
}

// choosable reports whether a new connection may have been sent there then.
func (p *presence) choosable(at time.Duration) bool {
	return p.chosen != Never && at >= p.chosen-prompt && !p.forgotten(at)
}

// possible reports whether the whole of the connection may have been there.
func (p *presence) possible(l *link) bool {
	if !p.choosable(l.opened) || p.dead(l.opened) || l.answered != Never && p.dead(l.answered) {
		return false
	}
	return !slices.ContainsFunc(p.exits, func(x exit) bool { return l.opened < x.from && l.answered > x.to+echo })
}

// leaving reports whether it may have been terminating then, and not yet gone.
func (p *presence) leaving(at time.Duration) bool {
	return p.told != Never && at >= p.told-echo && !p.dead(at)
}

// down reports whether it may not have taken connections then: it was
// terminating, or had exited.
func (p *presence) down(at time.Duration) bool {
	if p.told != Never && at >= p.told-echo {
		return true
	}
	return slices.ContainsFunc(p.exits, func(x exit) bool {
		return at >= x.from-echo && (x.back == Never || at <= x.back+prompt)
	})
}
