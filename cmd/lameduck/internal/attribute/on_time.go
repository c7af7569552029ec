package attribute

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// onTime is what a server surely allows: the longest that its clients took, and let connections
// idle, with success and while the tool was not late.
type onTime struct {
	idle   time.Duration            // of connections that were used again
	took   map[string]time.Duration // of attempts, by pattern
	sent   map[string]time.Duration // until the head of the request was written, by pattern
	ended  map[uint64]time.Duration // when the last attempt ended, on each connection that is open
	reuses map[string]bool          // the patterns that use connections again; of others none is kept
}

func newOnTime() onTime {
	return onTime{took: map[string]time.Duration{}, sent: map[string]time.Duration{}, ended: map[uint64]time.Duration{}, reuses: map[string]bool{}}
}

// learn notes an attempt. Those of one connection come in their order.
func (o *onTime) learn(a *timeline.Attempt, stalls *Stalls) {
	since, open := o.ended[a.Conn]
	if a.Failed() || a.Started == timeline.Never {
		delete(o.ended, a.Conn)
		return
	}
	if open && a.Reused && stalls.Within(since, a.Started) == 0 {
		o.idle = max(o.idle, a.Started-since)
	}
	if stalls.Within(a.Started, a.Ended) == 0 {
		o.took[a.Pattern] = max(o.took[a.Pattern], a.Ended-a.Started)
		if wasSent(a) {
			o.sent[a.Pattern] = max(o.sent[a.Pattern], a.Sent-a.Started)
		}
	}
	if a.Reused && !o.reuses[a.Pattern] {
		o.reuses[a.Pattern] = true
	}
	if a.End == timeline.Open && o.reuses[a.Pattern] {
		o.ended[a.Conn] = a.Ended
	} else {
		delete(o.ended, a.Conn)
	}
}

// sendsLate reports whether the attempt was still writing the head of its request when it
// surely would have been done, had the client been on time: a server that ends it waits for no
// head so long. The connection was made by then, so nothing but the client takes that time.
func (o *onTime) sendsLate(a *timeline.Attempt) bool {
	longest, known := o.sent[a.Pattern]
	writing := a.Conn != 0 && a.Sent == timeline.Never && (a.Phase == timeline.SendPhase || a.Phase == timeline.ReceivePhase)
	return writing && known && a.Ended-a.Started > longest
}

// wasSent reports whether the server may have had the whole request.
func wasSent(a *timeline.Attempt) bool {
	return a.Conn != 0 && a.Sent != timeline.Never && a.Sent >= a.Started
}
