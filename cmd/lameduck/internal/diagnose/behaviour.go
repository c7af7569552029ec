package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// or adds what another pod was seen to do, as far as the rules need it.
func (b behaviour) or(other behaviour) behaviour {
	b.runsAfterClose = max(b.runsAfterClose, other.runsAfterClose)
	b.exitsUncleanly = max(b.exitsUncleanly, other.exitsUncleanly)
	if other.stopsAtOnce {
		b.certainly = max(b.certainly, other.certainly)
	}
	b.notAskedToClose = max(b.notAskedToClose, other.notAskedToClose)
	b.likelyUnclean = b.likelyUnclean || other.likelyUnclean
	b.asksToClose = b.asksToClose || other.asksToClose
	return b
}

// behave finds out what the pod did when it was terminated.
func (p *podFacts) behave(s *runFacts) behaviour {
	b := p.cuts(s)
	b.asksToClose = p.asked != never
	b.notAskedToClose = p.countNotAsked(p.t0, p.stopped(), p.exit, s)
	if p.provenToServe(s.unnamedAnswers) && p.t0.came() && p.t0.earliest <= s.lastStart {
		b.stopsAtOnce, b.certainly = p.stopsAtOnce(s.observer)
		if s.overload == "" && p.acceptedNone(s.observer) {
			b.stopsAtOnce, b.certainly = true, max(b.certainly, unsure)
		}
	}
	if b.stopsAtOnce {
		b.runsAfterClose = p.ranAfterClose(s.observer)
		b.exitsUncleanly = p.exitedUncleanly(b, s.server().stopsFast(&s.run.Spec))
	}
	return b
}

// cuts counts the requests that the pod cut from T0 on, by whether it knew of them. If it cut
// those before it exited, and responded to none after that, it served until then at most.
func (p *podFacts) cuts(s *runFacts) behaviour {
	var b behaviour
	if b.perhaps = p.voidCuts; b.perhaps > 0 {
		b.hidden = s.observer.waits.during(p.t0.earliest, until(p.exit.latest, 0))
	}
	last := none
	var perhaps []*dropFacts
	mostQueued := s.backlog.mostQueued(s.reusesConns)
	for _, d := range p.drops {
		if d.Ended < p.t0.earliest || !cutByServer(&d.Attempt) || p.leftInQueue(&d.Attempt) {
			continue
		}
		b.likelyUnclean = b.likelyUnclean || p.likelyKnew(d, s.observer)
		knew := p.knew(d, s.observer)
		if knew == yes && !p.accepted(d, mostQueued) {
			knew = unsure
		}
		switch knew {
		case yes:
			b.inProgress, b.perhaps = b.inProgress+1, b.perhaps+1
			b.longest = max(b.longest, d.Ended-d.Started)
			last = last.orLater(p.cutAt(d, s.observer))
		case unsure:
			b.perhaps++
			perhaps = append(perhaps, d)
			b.hidden = max(b.hidden, hiddenBy(d, s.observer))
		}
	}
	served := last.latest
	for _, d := range perhaps {
		if !last.came() || d.Started <= last.latest { // a later one waited for a server that had stopped
			served = max(served, d.Ended)
		}
	}
	switch {
	case !p.servedAtMostUntil(served):
	case last.came():
		p.cutAll = window{last.earliest, served}.notBefore(p.lastServed) // it responded to a request that began then
	default:
		p.perhapsCutAll = served
	}
	return b
}

// cutAt is when the pod cut the request. A client that still sends one may notice it with the
// next part only.
func (p *podFacts) cutAt(d *dropFacts, o *observer) window {
	cut := o.noticed(p.t0.latest, d.Ended)
	if d.Sent == never {
		cut.earliest = p.t0.earliest
	}
	return cut.notBefore(p.t0.earliest)
}

// servedAtMostUntil reports whether the pod responded to no request after the moment of its
// termination, and exited later.
func (p *podFacts) servedAtMostUntil(at time.Duration) bool {
	return at != never && p.t0.came() && p.exit.came() && p.lastAnswer <= at && exactly(at).before(p.exit) == yes
}

// stopsAtOnce reports whether the pod stopped accepting connections as soon as
// its termination began: what is likely, and what is certain. By as much as this
// machine was late, the pod may have been late with that. And between the last
// connection that it accepted and the first that it refused, none shows whether
// it still listened.
func (p *podFacts) stopsAtOnce(o *observer) (likely bool, certainly answer) {
	stopped := p.stopped()
	if !stopped.came() {
		return false, p.unseen(o)
	}
	seen := p.atOnce(exactly(stopped.latest), o)
	certainly = max(stopped.since(p.t0).shorterThan(minDelay), seen, p.unseen(o))
	if p.perhapsCutAll != never && exactly(p.perhapsCutAll).since(p.t0).shorterThan(minDelay) != no {
		certainly = max(certainly, unsure)
	}
	return seen != no, certainly
}

// acceptedNone reports whether nothing shows that the pod accepted a connection after its
// termination began: some waited in its accept queue from then on until the listener closed. A
// machine that is late makes that long, also of a server that was about to close it.
func (p *podFacts) acceptedNone(o *observer) bool {
	if !p.t0.came() || !p.exit.came() || !p.stalled.came() {
		return false
	}
	soon := func(w window) answer { return w.since(p.t0).shorterThan(minDelay) }
	if soon(p.stalled) == no || soon(exactly(p.listened)) != no {
		return false
	}
	return p.gone.came() || o.waited(p.listened, p.exit.latest).shorterThan(minDelay) != no
}

// mayStopAtOnce reports whether nothing shows when the pod stopped accepting
// connections: none came long after its T0. On a cluster only, where the
// replicas that were seen to stop at once show it.
func (p *podFacts) mayStopAtOnce() bool {
	return p.exitInexact && p.t0.came() && p.exit.came() && !p.own.stopsAtOnce && !p.closed.came() && exactly(p.lastAccepted).since(p.t0).shorterThan(minDelay) == yes
}

// unseen is unsure where the tool was stalled when the pod may have stopped
// accepting connections at once, and no later connection shows that it did not; no
// elsewhere.
func (p *podFacts) unseen(o *observer) answer {
	if o.stalls.Longest(p.t0.earliest, p.t0.latest+minDelay) >= timeline.MostLate && exactly(p.lastAccepted).since(p.t0).shorterThan(minDelay) != no {
		return unsure
	}
	return no
}

// exitedUncleanly distinguishes an exit without a shutdown from a graceful shutdown
// that had nothing to wait for: a graceful shutdown cuts no request in progress, and
// exits with code 0, or closed its listener before it exited. Where no request was in
// progress and the listener was not seen to close first, nothing shows the difference. Of
// a server to which the signal means to stop fast it is known.
func (p *podFacts) exitedUncleanly(b behaviour, fast bool) answer {
	switch {
	case !p.exit.came():
		return unsure
	case fast && p.exitedOnSignal(), p.Killed != never, !p.closedFirst && (p.Code != 0 || p.Signal != ""), b.inProgress > 0:
		return yes
	case b.perhaps == 0 && p.closedFirst:
		return no
	}
	return unsure
}

// anyExitsUncleanly is what the pods show together that stopped at once: all run the same
// program, and one that had a request in progress shows what the others do with theirs.
func anyExitsUncleanly(pods []*podFacts) answer {
	finishes := false
	for _, p := range pods {
		switch b := &p.own; {
		case !b.stopsAtOnce:
		case b.exitsUncleanly == yes:
			return yes
		case b.exitsUncleanly == no, b.runsAfterClose == yes:
			finishes = true
		}
	}
	if finishes {
		return no
	}
	return unsure
}

// ranAfterClose reports whether the process ran after new connections were
// refused: it exited much later, or a connection that the pod surely had made
// progress.
func (p *podFacts) ranAfterClose(o *observer) answer {
	if !p.closed.came() {
		return no
	}
	closed := exactly(p.closed.latest)
	if p.cutAll.came() {
		return p.cutAll.since(closed).shorterThan(minDelay).not()
	}
	progress := o.noticedBy(closed, until(p.Exited, 0)).before(exactly(p.lastProgress))
	if p.closedOpen {
		progress = no // those of which it is known were cut by the exit
	}
	if !p.exit.came() {
		return max(unsure, progress)
	}
	// A client that was late may have been refused long before.
	refused := window{p.closed.latest - o.waits.during(p.t0.earliest, p.closed.latest), p.closed.latest}
	if progress == no && p.exit.since(refused).shorterThan(reaction) == unsure && p.exit.since(closed).shorterThan(reaction) == yes {
		progress = unsure
	}
	ran := p.lastRan(o).since(closed).shorterThan(minDelay).not()
	if p.perhapsCutAll != never {
		ran = min(ran, unsure)
	}
	return max(ran, progress)
}

// lastRan is the last moment at which the process, which has exited, surely
// ran. On a cluster a connection proves that only if it surely went to this pod,
// and only up to shortly before its client noticed the end, which it may have
// done late.
func (p *podFacts) lastRan(o *observer) window {
	if !p.exitInexact && p.ended.before(p.exit) == yes {
		return p.ended // process 1 ran on: a supervisor, or a script
	}
	if !p.exitInexact {
		return window{p.exit.earliest, p.exit.latest}
	}
	until := max(p.earliestT0(), p.ranUntil)
	for _, d := range p.drops {
		if cutByServer(&d.Attempt) && d.PodBy != timeline.Probable && d.Ended <= p.Exited {
			until = max(until, o.noticed(p.closed.latest, d.Ended).earliest)
		}
	}
	return exactly(until)
}

// knew reports whether the server had the request that it cut: it handled it,
// or read the first one of a connection. A graceful shutdown waits for both, or else
// closes its listener before it exits. A
// connection that a busy machine has not accepted yet is not known to the
// server. And net/http's Shutdown closes a connection as soon as it has read the
// head of its first request, however long that was on its way.
func (p *podFacts) knew(d *dropFacts, o *observer) answer {
	reading := no
	if !d.Reused {
		reading = min(o.begun(o.waited(max(d.Started, d.Sent), d.Ended)), p.closedAtEnd(p.exit.latest))
	}
	return max(reading, p.inProgress(d, o))
}

// hiddenBy is by how much this machine was late while the server may have had the request
// that it cut, if that is why nothing shows that it had, or 0.
func hiddenBy(d *dropFacts, o *observer) time.Duration {
	from := max(d.Started, d.Sent)
	if d.Reused && d.Sent == never || o.waited(from, d.Ended).shorterThan(reaction) != unsure {
		return 0
	}
	return max(o.waits.during(from, d.Ended), o.waiting.Within(from, d.Ended))
}

// likelyKnew reports whether the server had begun to read the first request of a connection that it
// cut, and nothing shows that its listener closed before it exited: then no graceful shutdown
// is likely.
func (p *podFacts) likelyKnew(d *dropFacts, o *observer) bool {
	return !d.Reused && p.watched() && !p.closedFirst && o.begun(o.waited(max(d.Started, d.Sent), d.Ended)) == yes
}

// accepted reports whether the server surely had accepted the connection before its
// termination began, where no connection is in the accept queue for longer than so long. The
// kernel, where it shows the queue, has shown that already.
func (p *podFacts) accepted(d *dropFacts, mostQueued time.Duration) bool {
	return p.watched() || d.Reused || d.Bytes > 0 || p.t0.earliest-d.Started > mostQueued
}

// mayKnow reports whether the server may have had the request: not where only a part of
// its head had come, on a connection that it had already answered on, or after it had
// closed its listener.
func (p *podFacts) mayKnow(a *timeline.Attempt) bool {
	return a.Sent != never || a.Bytes > 0 || !a.Reused && !p.closedFirst
}

// inProgress reports whether the server was handling the request when the
// attempt ended: it had begun to respond, or had the whole request for a while
// in which it responded to others. If it responded to no request it may have
// been exiting, or have got no processor time. A request that still trickles in
// cannot be known to any server.
func (p *podFacts) inProgress(d *dropFacts, o *observer) answer {
	from := d.Sent
	if from == never {
		if d.Bytes == 0 {
			return no
		}
		from = d.Started
	}
	waited := o.waited(from, d.Ended)
	if d.Bytes > 0 || p.lastAnswer >= from+reaction {
		return o.begun(waited)
	}
	return min(waited.shorterThan(minDelay).not(), o.begun(waited))
}

// faultDoubt is why it is not certain which fault the pod has as a whole, or
// that it has none.
func (p *podFacts) faultDoubt(o *observer, grace time.Duration, unnamedAnswers bool) doubt {
	if since, to := p.limit(); o.stalls.Outweigh(since, to) {
		return doubt{fmt.Sprintf("this machine was late by %s while %s had to meet a time limit", span(o.stalls.Within(since, to)), p.Name), hintLate}
	}
	switch {
	case p.t0.came() && p.Ready == never && p.firstAnswer == never && !p.failed && len(p.drops) > 0:
		return notSeen("readiness", p.Name)
	case p.fault == graceShorter && p.PreStop == never && p.Signalled == never:
		return notSeen("stop signal", p.Name)
	case p.Killed == never && p.Code == killedCode && p.hadGrace(grace):
		return notSeen("SIGKILL", p.Name)
	}
	if p.fault == hookEnds && p.hookStops == unsure {
		return p.hookDoubt(o)
	}
	if p.closedEither && p.own.stopsAtOnce && p.exit.since(p.t0).shorterThan(minDelay) != yes {
		return notAcceptingDoubt(p.Name, p.closed.latest)
	}
	if p.own.certainly == no || slices.Contains([]string{neverReady, evicted, forced, hookEnds, meansReload, ignoresSignal}, p.fault) {
		return noDoubt
	}
	b, stopped := &p.likely, p.stopped()
	late := o.waits.during(p.t0.earliest, until(p.exit.latest, 0))
	seen := window{stopped.latest - late, stopped.latest}.since(p.t0).shorterThan(minDelay)
	switch {
	case p.own.certainly == yes && (b.runsAfterClose == yes || b.runsAfterClose == no && b.exitsUncleanly != unsure):
		return noDoubt
	case p.own.certainly == yes && b.runsAfterClose == no && p.exit.came() && !(p.watched() && p.closedAtEnd(p.exit.latest) == unsure):
		return p.own.inProgressDoubt(p.Name)
	case p.own.certainly == yes && b.runsAfterClose == no && p.exit.came():
		return doubt{fmt.Sprintf("nothing was seen of %s for %s before it ended, so it is not known whether it closed its listener first", p.Name, span(p.unseenFor(p.exit.latest))), hintLate}
	case p.own.certainly == yes && b.runsAfterClose == unsure && late <= resolution:
		return servedOnUnknown(p)
	case p.own.certainly == unsure && p.perhapsCutAll != never && late <= resolution:
		return doubt{fmt.Sprintf("%s cut connections up to %s, perhaps with a request that it had read, and responded to none after that, so it is not known whether it stopped then or at its exit", p.Name, seconds(p.perhapsCutAll)), hintSlow}
	case p.own.certainly == unsure && p.acceptedNone(o):
		return p.busyDoubt(max(p.stalled.latest, p.t0.latest))
	case p.unseen(o) == unsure: // this machine was late
	case !p.exit.came():
		return notSeen("exit", p.Name)
	case p.own.certainly == unsure && seen != unsure && unnamedAnswers:
		return doubt{fmt.Sprintf("the pod of some responses is not known, and so it is not known when %s stopped accepting connections", p.Name), hintPodName}
	case p.own.certainly == unsure && seen != unsure:
		return doubt{fmt.Sprintf("too few new connections reached %s after its termination began, so it is not known when it stopped accepting them", p.Name), hintOften}
	case p.own.certainly == unsure && late <= resolution && p.t0.latest-p.t0.earliest > resolution:
		return doubt{fmt.Sprintf("when the termination of %s began is known to %s only, and that decides whether it kept serving", p.Name, span(p.t0.latest-p.t0.earliest)), "run it again with more --rounds"}
	case p.own.certainly == unsure && late <= resolution:
		return doubt{fmt.Sprintf("%s stopped accepting connections %s after its termination began, and what does so within %s stops at once", p.Name, span(stopped.latest-p.t0.earliest), span(minDelay)), "let the server keep serving for clearly longer, and run it again"}
	}
	return doubt{fmt.Sprintf("this machine was late by %s while %s terminated, so it is not known when the pod stopped serving", span(late), p.Name), hintLate}
}

// limit is the time limit of the pod that its fault rests on: a machine that is
// late lets it pass without giving the pod the time.
func (p *podFacts) limit() (since, to time.Duration) {
	switch {
	case p.fault == neverReady:
		return p.Started, p.gaveUp
	case p.fault == graceShorter && p.hookUsedGrace:
		return p.PreStop, p.Signalled
	case p.fault == graceShorter, p.fault == ignoresSignal && p.Unknown:
		return p.T0(), p.Killed
	}
	return never, never
}

// busyDoubt is the doubt about a pod that accepted no connection from a moment on.
func (p *podFacts) busyDoubt(since time.Duration) doubt {
	return doubt{fmt.Sprintf("%s accepted no connection in its last %s, and its slowest response took about as long: it was busy, or it accepted none any more", p.Name, span(p.listened-since)), hintQuick}
}

// notSeen is the doubt about a pod of which an event is missing.
func notSeen(event, pod string) doubt {
	return doubt{fmt.Sprintf("the %s of %s was not seen", event, pod), "run it again"}
}

// inProgressDoubt is the doubt about a pod that stopped at once and cut nothing that it
// surely had begun with: this machine was late, or nothing was in progress.
func (b *behaviour) inProgressDoubt(pod string) doubt {
	if b.hidden > 0 {
		return doubt{fmt.Sprintf("this machine was late by %s while requests were on their way to %s, so it is not known whether it cut one that was in progress", span(b.hidden), pod), hintLate}
	}
	return doubt{fmt.Sprintf("%s stopped at once, and no request is known to have been in progress then, so it is not known whether it would have finished one", pod),
		hintSlow}
}

// servedOnUnknown is the doubt about a pod that stopped at once and ran for a while after
// that, in which it surely had no request in progress.
func servedOnUnknown(p *podFacts) doubt {
	return doubt{fmt.Sprintf("%s accepted no connection from %s on, and no request is known to have been in progress then, so it is not known whether it would have finished one", p.Name, seconds(p.closed.latest)), hintSlow}
}

// killedCode is the exit code after SIGKILL.
const killedCode = 128 + 9

// hadGrace reports whether the process exited when its grace period was over.
func (p *podFacts) hadGrace(grace time.Duration) bool {
	return grace > 0 && p.t0.came() && p.exit.came() && p.exit.since(p.t0).shorterThan(grace) != yes
}

// exitedOnSignal reports whether the stop signal ended the process, however late this
// machine let it handle that.
func (p *podFacts) exitedOnSignal() bool {
	return p.Signalled != never && p.Killed == never && p.Exited >= p.Signalled && p.Wrapper == ""
}
