package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// acceptQueue is what the kernel showed of the connections that are made and
// not accepted: in the lab only. To its client a connection in the queue looks
// like one that the server has accepted and does not answer.
type acceptQueue struct {
	states []queueState // in order
	// stalled is since when no connection was accepted: the oldest of those that
	// last waited came then.
	stalled     window
	gone        window        // when the listener closed for the last time, or none
	listened    time.Duration // when it was last seen, or never
	closedFirst bool          // its process ran when it had closed
	ended       window        // when the processes that had the listener had ended, or none: of a supervisor's the exit comes later
	lastLook    time.Duration // when the last look began that is known of, or never
	seenToRun   time.Duration // when a process that had the listener was last seen to run, or never
}

// queueState begins between two moments.
type queueState struct {
	after, seen time.Duration
	listens     bool
	waiting     int
	stalled     window // of the event
}

func newAcceptQueue() acceptQueue {
	return acceptQueue{stalled: none, gone: none, ended: none, listened: never, lastLook: never, seenToRun: never}
}

func (q *acceptQueue) addEvent(e timeline.Event) {
	if e.Kind != timeline.AcceptQueue && e.Kind != timeline.ListenerClosed {
		return
	}
	listens := e.Kind == timeline.AcceptQueue
	switch before := len(q.states) - 1; {
	case listens:
		q.stalled, q.gone, q.ended, q.listened, q.closedFirst = none, none, none, e.After, false
	case before >= 0 && q.states[before].listens:
		q.stalled, q.gone, q.listened = none, window{e.After, e.At}, e.After
	}
	if !e.Ended || !q.ended.came() {
		q.seenToRun = e.After
	}
	if e.Ended && !q.ended.came() {
		q.ended = window{e.After, e.At}
	}
	q.lastLook, q.closedFirst = e.After, q.closedFirst || !listens && e.Running
	if e.StalledBy > 0 {
		q.stalled = window{e.StalledAfter, e.StalledBy}
	}
	q.states = append(q.states, queueState{e.After, e.At, listens, e.Waiting, q.stalled})
}

// closedAtEnd reports whether the listener was closed by the end of its process, which
// came at the latest by then.
func (q *acceptQueue) closedAtEnd(exit time.Duration) answer {
	switch {
	case q.closedFirst:
		return no
	case !q.watched() || q.unseenFor(exit) > sameLook:
		return unsure
	}
	return yes
}

// unseenFor is the time between the last look that saw the listener and its end.
func (q *acceptQueue) unseenFor(exit time.Duration) time.Duration {
	if q.gone.came() {
		return q.gone.latest - q.listened
	}
	return exit - q.listened
}

// watched reports whether the kernel showed the queue at all.
func (q *acceptQueue) watched() bool { return len(q.states) > 0 }

// lastSeen is when a state was last seen, as far as that is known. It was not
// seen to be empty since the connection came that waits in the next state.
func (q *acceptQueue) lastSeen(i int) time.Duration {
	if i+1 == len(q.states) {
		return q.states[i].after
	}
	next := q.states[i+1]
	if q.states[i].waiting == 0 && next.stalled.came() {
		return min(next.after, next.stalled.earliest)
	}
	return next.after
}

// waited reports whether a connection that was made by one moment was in the
// queue until the other. It was not if the queue was seen to be empty
// meanwhile; where nothing was seen meanwhile it is unsure.
func (q *acceptQueue) waited(made, until time.Duration) answer {
	waited := unsure
	for i, s := range q.states {
		if !s.listens || s.seen > until || q.lastSeen(i) < made {
			continue
		}
		if s.waiting == 0 {
			return no
		}
		waited = yes
	}
	return waited
}
