package attribute

import (
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// lateness is where the tool was late in one run.
type lateness struct {
	stalls    Stalls
	views     map[viewKey][]span // when the view of a node was late
	deletions []time.Duration
	fastest   map[string]time.Duration // of the attempts of each pattern that were served
	onTime    onTime
	idleSince map[uint64]time.Duration // when the attempt before ended, on the connections with one that failed
	outage    time.Duration            // since when the Service has had no endpoint, or Never
}

type viewKey struct{ node, pod string }

func newLateness(run *timeline.Run) *lateness {
	v := &lateness{stalls: NewStalls(run), views: map[viewKey][]span{}, fastest: map[string]time.Duration{}, onTime: newOnTime(), idleSince: map[uint64]time.Duration{}, outage: timeline.Never}
	for _, e := range run.Events {
		switch e.Kind {
		case timeline.EndpointTerminating, timeline.EndpointRemoved:
			if e.Due != 0 {
				k := viewKey{e.Node, e.Pod}
				v.views[k] = append(v.views[k], span{e.Due, e.At})
			}
		case timeline.Deleted:
			v.deletions = append(v.deletions, e.At)
		}
	}
	slices.Sort(v.deletions)
	return v
}

// learn notes how long the attempts of each pattern take at least, and which
// connections have one that failed.
func (v *lateness) learn(a *timeline.Attempt) {
	known, ok := v.fastest[a.Pattern]
	if !a.Control {
		v.onTime.learn(a, &v.stalls)
	}
	switch {
	case a.Control:
	case a.Failed() && a.Reused:
		v.idleSince[a.Conn] = a.Started
	case !a.Failed() && (!ok || a.Ended-a.Started < known):
		v.fastest[a.Pattern] = a.Ended - a.Started
	}
}

// marked passes on attempts, in the order in which they began, and marks those that failed and whose
// failure a lateness of the tool may have caused. All of them were learned from before.
// In each case the question is what would have been otherwise if the tool had been on time:
//
//   - An attempt that started late met another moment than the one it was due at,
//     in a crowd of others that started late.
//   - A connection that stayed idle because its client was late may have met the
//     server's idle time-out, or missed the response that asked it to close. So may one
//     that was idle for longer than any while the tool was on time, however late that was;
//     but not one on which the server then had a request.
//   - A connection was opened through a node that should have known already that
//     the pod is terminating, or no longer exists.
//   - No endpoint was ready, for no longer than the tool had been late with the
//     replacement.
//   - The head of a request was not complete when that of any other attempt of the
//     pattern was, however late the tool was seen to be.
//   - A time-out of the client: the stalls took at least half of the time before it.
//   - Any other failure while the tool was late: the bytes were sent late, and the
//     server's own time-outs and its exit came too early for them; however late that was, if
//     the attempt took longer than any while the tool was on time. This does not hold
//     if even the fastest attempt of the pattern would have been in progress at that
//     moment; nor if the server had the whole request for longer than the tool had been
//     late.
func (v *lateness) marked(attempts timeline.Attempts) timeline.Attempts {
	return func(next func(*timeline.Attempt)) error {
		now := *v
		now.idleSince = maps.Clone(v.idleSince)
		var marked timeline.Attempt
		return attempts(func(a *timeline.Attempt) {
			marked = *a
			now.mark(&marked)
			next(&marked)
		})
	}
}

// mark marks the next attempt.
func (v *lateness) mark(a *timeline.Attempt) {
	switch {
	case a.Control:
		return
	case !a.Failed() && !a.Reused:
		v.outage = timeline.Never
	case unrouted(a) && v.outage == timeline.Never:
		v.outage = a.Started
	}
	a.Void = a.Failed() && v.explains(a)
	if _, follow := v.idleSince[a.Conn]; follow {
		v.idleSince[a.Conn] = a.Ended
	}
}

// explains reports whether a lateness may be why the attempt failed.
func (v *lateness) explains(a *timeline.Attempt) bool {
	switch {
	case a.Started == timeline.Never:
		return v.stalls.Within(a.Scheduled, a.Ended) >= timeline.MostLate
	case a.Started-a.Scheduled >= timeline.MostLate:
		return true
	case a.Reused && v.late(v.idleSince[a.Conn], a.Started, v.onTime.idle) && !v.kept(a):
		return true
	case !a.Reused && v.staleView(a):
		return true
	case unrouted(a) && a.Ended-v.outage < v.stalls.Within(v.lastDeletion(a.Started), a.Ended):
		return true
	case v.onTime.sendsLate(a):
		return true
	case a.Class == timeline.ClassTimedOut:
		return v.stalls.Outweigh(a.Scheduled, a.Ended)
	}
	fastest, known := v.fastest[a.Pattern]
	if wasSent(a) && a.Ended-a.Sent > v.stalls.Within(a.Started, a.Sent) && !v.stalls.Outweigh(a.Scheduled, a.Ended) {
		return false
	}
	return v.late(a.Started, a.Ended, v.onTime.took[a.Pattern]) && (a.Conn == 0 || !known || a.Ended-a.Started >= fastest)
}

// kept reports whether the server had not ended the connection while it was idle, which a client
// learns at once: its response had begun, or it had the whole request for longer than the tool
// had been late.
func (v *lateness) kept(a *timeline.Attempt) bool {
	return a.Bytes > 0 || wasSent(a) && a.Ended-a.Sent > v.stalls.Within(v.idleSince[a.Conn], a.Ended)
}

// late reports whether the tool was late by so much between two moments that it changes
// outcomes; or by at least half of what the time is longer than any such while it was on time: a
// limit of the server may be in between.
func (v *lateness) late(from, to, longest time.Duration) bool {
	late, longer := v.stalls.Within(from, to), to-from-longest
	return late >= timeline.MostLate || longest > 0 && longer > 0 && 2*late >= longer
}

// staleView reports whether the node that chose the pod of the new connection
// should have known by then that the pod is terminating, or no longer exists.
func (v *lateness) staleView(a *timeline.Attempt) bool {
	until := a.Started
	if a.Conn == 0 {
		until = a.Ended // the dial is all of it, and the pod was chosen in it
	}
	return slices.ContainsFunc(v.views[viewKey{a.Node, a.Pod}], func(late span) bool { return a.Started <= late.to && until >= late.from })
}

// unrouted reports whether the Service had no endpoint for the attempt.
func unrouted(a *timeline.Attempt) bool {
	return a.Class == timeline.ClassRefused && a.Conn == 0 && a.Pod == ""
}

// lastDeletion is when a pod was last deleted before the moment.
func (v *lateness) lastDeletion(before time.Duration) time.Duration {
	n := sort.Search(len(v.deletions), func(i int) bool { return v.deletions[i] > before })
	if n == 0 {
		return 0
	}
	return v.deletions[n-1]
}
