package diagnose

import (
	"cmp"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func newPodFacts(p timeline.Pod, o *observer) *podFacts {
	exit := o.exited(&p)
	return &podFacts{
		Pod: p, clientView: newClientView(), t0: o.termination(&p), exit: exit, closed: none, cutAll: none, perhapsCutAll: never, hookEnded: never, endpoint: never, acceptQueue: newAcceptQueue(),
		exitInexact: !o.accuracy.Exact(), ranUntil: exit.earliest, accuracy: o.accuracy,
	}
}

// addEvent notes what the fold of the pod leaves out.
func (p *podFacts) addEvent(e timeline.Event, o *observer) {
	p.acceptQueue.addEvent(e)
	p.addReadiness(e)
	switch e.Kind {
	case timeline.NeverReady:
		p.failed, p.gaveUp = true, e.At
	case timeline.PreStopStarted:
		p.hook, p.hookEnded = e.Detail, never
	case timeline.PreStopEnded:
		p.hookEnded = e.At
	case timeline.EndpointAdded:
		if e.Source != timeline.SourceProxy {
			p.endpoint = earlier(p.endpoint, e.At)
		}
		if p.added == nil {
			p.added = map[string]time.Duration{}
		}
		p.added[e.Node] = e.At
	case timeline.EndpointTerminating:
		if e.Source != timeline.SourceProxy && p.endpoint == never {
			p.endpoint = max(0, p.Started) // it was ready, which was not seen
		}
	case timeline.Starved:
		if e.At >= p.Signalled && e.Due <= p.Signalled+minDelay {
			p.starved += e.At - e.Due
		}
	case timeline.StartStarved:
		p.starting = append(p.starting, wait{e.Due, e.At})
	case timeline.Exited:
		if !p.t0.came() || e.At < p.earliestT0() {
			p.outages = append(p.outages, outage{from: o.crashed(e.At, p.seenToRun), to: never, code: e.Code, signal: e.Signal})
		}
	case timeline.Ready:
		if n := len(p.outages); n > 0 && p.outages[n-1].to == never {
			p.outages[n-1].to = e.At
		}
	}
}

// addAttempt notes an attempt on the pod. All events are known before.
func (p *podFacts) addAttempt(a *timeline.Attempt) {
	p.clientView.add(a, p)
	for i := range p.outages {
		if o := &p.outages[i]; !a.Dropped() && o.to == never && a.Started > o.from.latest {
			o.to = a.Started // it serves again, whatever the probe reports
		}
	}
}

// settleExit corrects an exit that was reported late: the kernel ends all
// connections of a process with it, and the clients know that moment.
func (p *podFacts) settleExit(o *observer) {
	if !p.exit.came() {
		return
	}
	p.exit = o.recorded(p.exit)
	if !p.exitInexact {
		p.exit = p.exit.notBefore(p.lastAnswer)
		return
	}
	p.exit = p.exit.notBefore(o.byClient(max(p.earliestT0(), min(p.lastAnswer, p.Exited))).earliest)
	cut := never
	for _, d := range p.drops {
		if cutByServer(&d.Attempt) && exactly(d.Ended).intersects(p.exit) {
			cut = max(cut, d.Ended)
		}
	}
	idle := never
	for _, at := range p.idleEnds {
		if exactly(at).intersects(p.exit) {
			idle = earlier(idle, at)
		}
	}
	if at := cmp.Or(max(cut, 0), max(idle, 0)); at > 0 {
		p.exit, p.Exited = o.byClient(at), at
	}
}

// provenToServe reports whether the pod surely served: an answer of it is
// known, or there are answers that any ready pod may have given.
func (p *podFacts) provenToServe(unnamedAnswers bool) bool {
	return p.firstAnswer != never || unnamedAnswers && p.Ready != never
}

// maybeQueued reports whether the connection that was cut may have been in the
// accept queue, and unanswered for that reason: nothing shows that it was
// accepted.
func (p *podFacts) maybeQueued(a *timeline.Attempt) bool {
	return queued(a) && a.Sent != never && p.acceptQueue.waited(a.Sent, a.Ended) == unsure
}

// stopsAccepting reports whether connections waited in the accept queue until the exit,
// for longer than any that was answered: the server no longer accepted, and its listener
// was open.
func (p *podFacts) stopsAccepting(o *observer) bool {
	return p.stalled.came() && o.waited(p.stalled.latest, p.listened).shorterThan(p.longestFirst+reaction) == no
}

// settleClosed finds the first time after T0 that a new connection was refused, or
// was no longer accepted, and none was served after it. Where requests time out
// all over the run neither a time-out nor the accept queue is evidence about the
// listener.
func (p *podFacts) settleClosed(o *observer, overloaded, unnamedAnswers bool) {
	if !p.t0.came() || !p.provenToServe(unnamedAnswers) {
		return
	}
	p.settleRefusals(overloaded, func(d *dropFacts) bool { return !d.eitherPod() })
	if !p.closed.came() || p.closed.since(p.t0).shorterThan(minDelay) != yes {
		p.settleRefusals(overloaded, func(*dropFacts) bool { return true })
	}
	if !overloaded && p.stopsAccepting(o) {
		p.closedAt(max(p.stalled.latest, p.t0.latest), true, true) // one that came before waits for a server that is busy
	}
	p.sharpenClosed(o)
}

// settleRefusals finds the first of some refusals. Where one that was surely by a pod that
// terminates is soon enough, the earlier ones, which another pod may have given, do not
// count.
func (p *podFacts) settleRefusals(overloaded bool, counts func(*dropFacts) bool) {
	for _, d := range p.drops {
		at, refused := p.notAccepted(&d.Attempt)
		if refused && !(overloaded && timedOut(&d.Attempt)) && counts(d) && p.closedAt(at, d.PodBy != timeline.Probable, timedOut(&d.Attempt)) {
			p.closedEither = d.eitherPod()
		}
	}
}

// sharpenClosed takes the moment at which the listener closed from the kernel, where
// clients were refused and it surely closed before the exit. At a time without
// any look the process may have exited.
func (p *podFacts) sharpenClosed(o *observer) {
	exit := p.exit
	exit.earliest = min(exit.earliest, p.lastLook)
	seen := p.closed.came() || p.closedAtSignal(o)
	if !seen || p.closedOpen || p.gone.latest < p.t0.earliest || p.closed.before(p.gone) == yes || p.exit.came() && p.gone.before(exit) != yes {
		return
	}
	gone := window{max(p.gone.earliest, p.t0.earliest), p.gone.latest}
	if p.closed.came() {
		gone.latest = min(gone.latest, p.closed.latest)
	}
	p.closed, p.closedSure = gone, true
}

// closedAtSignal reports whether the server closed its listener, and then did not exit or had
// only just got the signal, by as much as this machine was late. Also where no client came later,
// the close is what it did at the signal.
func (p *podFacts) closedAtSignal(o *observer) bool {
	return p.closedFirst && p.gone.came() && (p.Killed != never || p.atOnce(p.gone, o) != no)
}

// closedAt notes that a connection, made or tried at that moment, was not
// accepted: surely by this pod, or only likely; open: its client got no refusal. It reports whether
// that is the first.
func (p *podFacts) closedAt(at time.Duration, sure, open bool) bool {
	accepted := p.lastAccepted
	if sure {
		accepted = p.lastSurely // a later one was perhaps another pod's
	}
	if at < p.t0.earliest || at < accepted || p.closed.came() && at >= p.closed.latest {
		return false
	}
	p.closed, p.closedSure, p.closedOpen = window{max(p.t0.earliest, accepted), at}, sure, open
	return true
}

// lastStopBefore is when the pod last stopped accepting before the moment, or
// never.
func (p *podFacts) lastStopBefore(at time.Duration) time.Duration {
	gone := never
	for _, o := range p.outages {
		if o.from.latest <= at {
			gone = o.from.latest
		}
	}
	if stopped := p.stopped(); p.t0.came() && stopped.came() && stopped.latest <= at {
		gone = stopped.latest
	}
	return gone
}
