package diagnose

import (
	"cmp"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// life is one pod, and what its clients saw of it.
type life struct {
	timeline.Pod
	*scene
	index    int
	t0       time.Duration // or up to doubt later
	doubt    time.Duration
	reported time.Duration       // when the exit was reported, or never
	exitedBy time.Duration       // by how much Exited may be late
	attempts []*timeline.Attempt // sent to it, in order of their start
	answered time.Duration       // when the first answer was complete, or never
	// lastAnswer is when the last answer was complete, firstError when the first
	// 5xx was; never if there was none.
	lastAnswer, firstError time.Duration
	closed                 time.Duration // since when it took no new connection, or never
	sure                   bool          // that it was this pod that turned them away
	outages                []outage
	failed                 bool // given up waiting for it to become ready
	conduct
	verdict string
}

// outage is a time without a process that nobody had asked to end.
type outage struct {
	from, to time.Duration // to is never if it was not ready again
	code     int
	signal   string
}

func newLife(p timeline.Pod, accuracy time.Duration) *life {
	l := &life{Pod: p, t0: p.Told(accuracy), reported: p.Exited, exitedBy: accuracy, answered: never, lastAnswer: never, firstError: never, closed: never}
	l.doubt = p.T0() - l.t0
	return l
}

// witness notes what the fold of the pod leaves out.
func (l *life) witness(e timeline.Event) {
	switch e.Kind {
	case timeline.NeverReady:
		l.failed = true
	case timeline.Exited:
		if l.t0 == never || e.At < l.t0 {
			l.outages = append(l.outages, outage{from: e.At, to: never, code: e.Code, signal: e.Signal})
		}
	case timeline.Ready:
		if n := len(l.outages); n > 0 && l.outages[n-1].to == never {
			l.outages[n-1].to = e.At
		}
	}
}

func (l *life) hear(a *timeline.Attempt) {
	l.attempts = append(l.attempts, a)
	if !a.Dropped() {
		l.lastAnswer = max(l.lastAnswer, a.Ended)
	}
	if a.Cause == timeline.Status5xx && (l.firstError == never || a.Ended < l.firstError) {
		l.firstError = a.Ended
	}
	if !a.Dropped() && (l.answered == never || a.Ended < l.answered) {
		l.answered = a.Ended
	}
	for i := range l.outages {
		if o := &l.outages[i]; !a.Dropped() && o.to == never && a.Started > o.from+slack {
			o.to = a.Started // it serves again, whatever the probe says
		}
	}
}

// settleExit sharpens an exit that was told late: the kernel ends all
// connections of a process with it, and their clients know when.
func (l *life) settleExit() {
	if l.Exited == never || l.exitedBy == 0 {
		return
	}
	earliest := max(l.Exited-l.exitedBy, l.t0, min(l.lastAnswer, l.Exited))
	cut, noticed := never, never
	for _, a := range l.attempts {
		switch at := a.EndedConn; {
		case severed(a) && a.Ended >= earliest-slack && a.Ended <= l.Exited:
			cut = max(cut, a.Ended)
		case a.End != timeline.FIN && a.End != timeline.Broken || a.Dropped() || at < earliest-slack || at > l.Exited:
		case noticed == never || at < noticed:
			noticed = at
		}
	}
	l.exitedBy = l.Exited - earliest
	if at := cmp.Or(max(cut, 0), max(noticed, 0)); at > 0 {
		l.Exited, l.exitedBy = at, 0
	}
}

// proven reports whether it surely served: an answer of it is known, or there
// are answers that might be of any pod that was ready.
func (l *life) proven() bool {
	return l.answered != never || l.nameless && l.Ready != never
}

// whenClosed is the first time after T0 that a new connection was turned
// away and none was served after it.
func (l *life) whenClosed() time.Duration {
	if l.t0 == never || !l.proven() {
		return never
	}
	lastIn := never
	for _, a := range l.attempts {
		if !a.Reused && !a.Dropped() {
			lastIn = max(lastIn, a.Started)
		}
	}
	closed := never
	for _, a := range l.attempts {
		at, away := turnedAway(a)
		if l.overload != "" && hangs(a) {
			continue // it says nothing
		}
		if away && at >= l.t0-slack && at+slack >= lastIn && (closed == never || at < closed) {
			closed, l.sure = at, a.PodBy != timeline.ByLikelihood
		}
	}
	return closed
}

// turnedAway reports whether nobody took the new connection of the attempt,
// and since when that is known. A connection that waits in the accept queue
// of a server that no longer accepts looks made, and is never answered.
func turnedAway(a *timeline.Attempt) (time.Duration, bool) {
	switch {
	case a.Started == never: // not even tried
	case a.Cause == timeline.DialTimeout, a.Cause == timeline.Timeout && !a.Reused && a.Bytes == 0:
		return a.Started, true
	case a.Cause == timeline.Refused, a.Cause == timeline.Unreachable, a.Dropped() && a.Conn == 0:
		return a.Ended, true
	}
	return never, false
}

// stop is when it ceased to serve new connections: it closed its listener,
// or it exited. never if it did neither.
func (l *life) stop() time.Duration {
	if l.closed == never || l.Exited != never && l.Exited < l.closed {
		return l.Exited
	}
	return l.closed
}

// goneBefore is when it last ceased to serve before the moment, or never.
func (l *life) goneBefore(at time.Duration) time.Duration {
	gone := never
	for _, o := range l.outages {
		if o.from <= at {
			gone = o.from
		}
	}
	if stop := l.stop(); l.t0 != never && stop != never && stop <= at {
		gone = stop
	}
	return gone
}

// leftAtOnce reports whether it ceased to serve as soon as its termination
// began, while the traffic went on.
func (l *life) leftAtOnce() bool {
	stop := l.stop()
	return l.t0 != never && l.proven() && l.t0 <= l.lastStart && stop != never &&
		stop-l.t0 < atOnce+l.doubt+l.shownLag.during(l.t0, l.t0+atOnce)
}

// outlivedItsListener reports whether the process was alive after new
// connections were turned away: something happened on one that it surely had, or it
// exited later than any machine is late.
func (l *life) outlivedItsListener() bool {
	if l.closed == never {
		return false
	}
	if l.Exited == never || l.aliveUntil()-l.closed >= atOnce {
		return true
	}
	late := echo + l.lag.during(l.closed, l.Exited)
	for _, a := range l.attempts {
		_, away := turnedAway(a)
		if away || a.PodBy == timeline.ByLikelihood || l.run.Accuracy > 0 && severed(a) {
			continue // the last may be an echo of the exit, which was told late itself
		}
		if a.Ended > l.closed+late && a.Ended <= l.Exited+slack {
			return true
		}
	}
	return false
}

// aliveUntil is until when the process, which has exited, surely lived. A
// connection that it held proves that only if it surely was this pod's, and only
// up to a moment before its client saw the end, which may have been late.
func (l *life) aliveUntil() time.Duration {
	if l.run.Accuracy == 0 {
		return l.Exited
	}
	until := max(l.t0, l.reported-l.run.Accuracy)
	for _, a := range l.attempts {
		if severed(a) && a.PodBy != timeline.ByLikelihood && a.Ended <= l.Exited {
			until = max(until, a.Ended-l.lag.during(l.closed, a.Ended))
		}
	}
	return until
}

// cutWork are the attempts it left while it was handling them, or reading the
// first one of a connection: a graceful shutdown waits for both. One that a busy
// machine has not accepted yet it does not know.
func (l *life) cutWork() (cut []*timeline.Attempt) {
	for _, a := range l.severed() {
		begun := !a.Reused && a.Ended-a.Started >= underWay+l.lag.during(a.Started, a.Ended)
		if begun || l.handled(a) {
			cut = append(cut, a)
		}
	}
	return cut
}

// severed are the attempts whose connections ended before they did, from T0 on.
func (l *life) severed() (all []*timeline.Attempt) {
	for _, a := range l.attempts {
		if a.Ended >= l.t0-slack && severed(a) {
			all = append(all, a)
		}
	}
	return all
}

// severed reports whether the connection of the attempt ended before it did.
func severed(a *timeline.Attempt) bool {
	if a.Conn == 0 {
		return false
	}
	return a.Cause == timeline.EOF || a.Cause == timeline.Reset || a.Cause == timeline.Truncated
}

// handled reports whether the server surely had the request in hand when the
// attempt ended: it began to answer, or had the whole request for a while in
// which it answered others. Where it answered nobody it may have been on its way
// out, or have got no processor. Of a request that still trickles in no server
// can know.
func (l *life) handled(a *timeline.Attempt) bool {
	from := a.Sent
	if from == never {
		if a.Bytes == 0 {
			return false
		}
		from = a.Started
	}
	waited := a.Ended - from - l.lag.during(from, a.Ended)
	return waited >= atOnce || waited >= underWay && (a.Bytes > 0 || l.lastAnswer >= from+underWay)
}
