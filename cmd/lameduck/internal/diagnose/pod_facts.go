package diagnose

import (
	"cmp"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// podFacts is what is known of one pod: its events, and what its clients saw.
type podFacts struct {
	timeline.Pod
	*runFacts
	index        int
	t0           time.Duration // or up to t0Error later
	t0Error      time.Duration
	exitReported time.Duration       // when the exit was reported, or never
	exitError    time.Duration       // by how much Exited may be late
	attempts     []*timeline.Attempt // sent to it, in order of their start
	firstAnswer  time.Duration       // when the first answer was complete, or never
	// lastAnswer is when the last answer was complete, firstError when the first
	// 5xx was; never if there was none.
	lastAnswer, firstError time.Duration
	closed                 time.Duration // since when new connections were refused, or never
	closedSure             bool          // this pod refused them, not perhaps another
	outages                []outage
	failed                 bool // it never became ready
	behaviour
	fault string
}

// outage is a time without a process that no termination explains.
type outage struct {
	from, to time.Duration // to is never if it was not ready again
	code     int
	signal   string
}

func newPodFacts(p timeline.Pod, accuracy time.Duration) *podFacts {
	l := &podFacts{Pod: p, t0: attribute.EarliestT0(&p, accuracy), exitReported: p.Exited, exitError: accuracy, firstAnswer: never, lastAnswer: never, firstError: never, closed: never}
	l.t0Error = p.T0() - l.t0
	return l
}

// addEvent notes what the fold of the pod leaves out.
func (p *podFacts) addEvent(e timeline.Event) {
	switch e.Kind {
	case timeline.NeverReady:
		p.failed = true
	case timeline.Exited:
		if p.t0 == never || e.At < p.t0 {
			p.outages = append(p.outages, outage{from: e.At, to: never, code: e.Code, signal: e.Signal})
		}
	case timeline.Ready:
		if n := len(p.outages); n > 0 && p.outages[n-1].to == never {
			p.outages[n-1].to = e.At
		}
	}
}

func (p *podFacts) addAttempt(a *timeline.Attempt) {
	p.attempts = append(p.attempts, a)
	if !a.Dropped() {
		p.lastAnswer = max(p.lastAnswer, a.Ended)
	}
	if a.Cause == timeline.Status5xx && (p.firstError == never || a.Ended < p.firstError) {
		p.firstError = a.Ended
	}
	if !a.Dropped() && (p.firstAnswer == never || a.Ended < p.firstAnswer) {
		p.firstAnswer = a.Ended
	}
	for i := range p.outages {
		if o := &p.outages[i]; !a.Dropped() && o.to == never && a.Started > o.from+clockSlack {
			o.to = a.Started // it serves again, whatever the probe reports
		}
	}
}

// refineExit corrects an exit that was reported late: the kernel ends all
// connections of a process with it, and the clients know that moment.
func (p *podFacts) refineExit() {
	if p.Exited == never || p.exitError == 0 {
		return
	}
	earliest := max(p.Exited-p.exitError, p.t0, min(p.lastAnswer, p.Exited))
	cut, noticed := never, never
	for _, a := range p.attempts {
		switch at := a.EndedConn; {
		case cutByServer(a) && a.Ended >= earliest-clockSlack && a.Ended <= p.Exited:
			cut = max(cut, a.Ended)
		case a.End != timeline.FIN && a.End != timeline.Broken || a.Dropped() || at < earliest-clockSlack || at > p.Exited:
		case noticed == never || at < noticed:
			noticed = at
		}
	}
	p.exitError = p.Exited - earliest
	if at := cmp.Or(max(cut, 0), max(noticed, 0)); at > 0 {
		p.Exited, p.exitError = at, 0
	}
}

// provenToServe reports whether the pod surely served: an answer of it is
// known, or there are answers that any ready pod may have given.
func (p *podFacts) provenToServe() bool {
	return p.firstAnswer != never || p.unnamedAnswers && p.Ready != never
}

// listenerClosed is the first time after T0 that a new connection was refused
// and none was served after it.
func (p *podFacts) listenerClosed() time.Duration {
	if p.t0 == never || !p.provenToServe() {
		return never
	}
	lastIn := never
	for _, a := range p.attempts {
		if !a.Reused && !a.Dropped() {
			lastIn = max(lastIn, a.Started)
		}
	}
	closed := never
	for _, a := range p.attempts {
		at, refused := notAccepted(a)
		if p.overload != "" && timedOut(a) {
			continue // no evidence about the listener
		}
		if refused && at >= p.t0-clockSlack && at+clockSlack >= lastIn && (closed == never || at < closed) {
			closed, p.closedSure = at, a.PodBy != timeline.Probable
		}
	}
	return closed
}

// notAccepted reports whether the new connection of the attempt was not
// accepted, and since when that is known. A connection that waits in the accept
// queue of a server that no longer accepts looks established, and is never
// answered.
func notAccepted(a *timeline.Attempt) (time.Duration, bool) {
	switch {
	case a.Started == never: // not even tried
	case a.Cause == timeline.DialTimeout, a.Cause == timeline.Timeout && !a.Reused && a.Bytes == 0:
		return a.Started, true
	case a.Cause == timeline.Refused, a.Cause == timeline.Unreachable, a.Dropped() && a.Conn == 0:
		return a.Ended, true
	}
	return never, false
}

// stoppedAt is when the pod stopped accepting new connections: it closed its
// listener, or it exited. never if it did neither.
func (p *podFacts) stoppedAt() time.Duration {
	if p.closed == never || p.Exited != never && p.Exited < p.closed {
		return p.Exited
	}
	return p.closed
}

// lastStopBefore is when the pod last stopped accepting before the moment, or
// never.
func (p *podFacts) lastStopBefore(at time.Duration) time.Duration {
	gone := never
	for _, o := range p.outages {
		if o.from <= at {
			gone = o.from
		}
	}
	if stoppedAt := p.stoppedAt(); p.t0 != never && stoppedAt != never && stoppedAt <= at {
		gone = stoppedAt
	}
	return gone
}

// cutInProgress are the attempts that the server cut while it handled them, or
// read the first one of a connection: a graceful shutdown waits for both. A
// connection that a busy machine has not accepted yet is not known to the
// server.
func (p *podFacts) cutInProgress() (cut []*timeline.Attempt) {
	for _, a := range p.cutByServer() {
		reading := !a.Reused && a.Ended-a.Started >= inProgressAfter+p.lag.during(a.Started, a.Ended)
		if reading || p.inProgress(a) {
			cut = append(cut, a)
		}
	}
	return cut
}

// cutByServer are the attempts whose connections ended before they did, from T0
// on.
func (p *podFacts) cutByServer() (all []*timeline.Attempt) {
	for _, a := range p.attempts {
		if a.Ended >= p.t0-clockSlack && cutByServer(a) {
			all = append(all, a)
		}
	}
	return all
}

// cutByServer reports whether the connection of the attempt ended before the
// attempt did.
func cutByServer(a *timeline.Attempt) bool {
	if a.Conn == 0 {
		return false
	}
	return a.Cause == timeline.EOF || a.Cause == timeline.Reset || a.Cause == timeline.Truncated
}

// inProgress reports whether the server was surely handling the request when
// the attempt ended: it had begun to respond, or had the whole request for a
// while in which it responded to others. If it responded to no request it may
// have been exiting, or have got no processor time. A request that still
// trickles in cannot be known to any server.
func (p *podFacts) inProgress(a *timeline.Attempt) bool {
	from := a.Sent
	if from == never {
		if a.Bytes == 0 {
			return false
		}
		from = a.Started
	}
	waited := a.Ended - from - p.lag.during(from, a.Ended)
	return waited >= minDelay || waited >= inProgressAfter && (a.Bytes > 0 || p.lastAnswer >= from+inProgressAfter)
}
