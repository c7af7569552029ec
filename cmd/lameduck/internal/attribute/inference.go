package attribute

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// inference is what is known of a run while its attempts are attributed.
type inference struct {
	run             *timeline.Run
	pods            []*podWindow // in order of their start
	byName          map[string]*podWindow
	connections     []*connection // in order of their numbers' appearance
	dials           []*timeline.Attempt
	notListening    *podWindow // refused dials although it was ready
	unansweredPod   *podWindow // a SYN to it had no answer, because it had exited
	unansweredAt    time.Duration
	hasSlices       bool // the endpoints of the Service were seen
	alwaysAnnounces bool // the server announces the end of connections also outside terminations
	alwaysFails     bool // and responds with 5xx
	dialsNamed      bool // the stage knows the pod of a dial that fails
}

func newInference(run *timeline.Run) *inference {
	in := &inference{run: run, byName: map[string]*podWindow{}}
	for _, p := range timeline.Pods(run.Events) {
		q := newPodWindow(p, run.Accuracy)
		in.pods = append(in.pods, q)
		in.byName[p.Name] = q
	}
	in.addEvents()
	in.addAttempts()
	for _, c := range in.connections {
		marked := c.end == timeline.Announced && !in.alwaysAnnounces || c.failing && !in.alwaysFails
		if marked && in.noneTerminating(c.ended) { // in this order: few are marked, and noneTerminating is a pass over every pod
			in.alwaysAnnounces = in.alwaysAnnounces || c.end == timeline.Announced
			in.alwaysFails = in.alwaysFails || c.failing
		}
	}
	return in
}

// noneTerminating reports whether surely no pod was terminating at the moment.
func (in *inference) noneTerminating(at time.Duration) bool {
	return at != timeline.Never && !slices.ContainsFunc(in.pods, func(p *podWindow) bool { return p.terminating(at) })
}

// addEvents adds what the fold of a pod leaves out.
func (in *inference) addEvents() {
	proxies := map[string]bool{}
	for _, e := range in.run.Events {
		if e.Source == timeline.SourceProxy && ofEndpoint(&e) {
			proxies[e.Node] = true
		}
	}
	for _, e := range in.run.Events {
		in.hasSlices = in.hasSlices || ofSlice(&e)
		in.byName[e.Pod].addEvent(e, in.run.Accuracy, len(proxies))
	}
}

// addAttempts sorts the attempts into connections and dials that made none.
// Pods that an earlier attribution inferred are removed.
func (in *inference) addAttempts() {
	byConn := map[uint64]*connection{}
	for i := range in.run.Attempts {
		a := &in.run.Attempts[i]
		if a.PodBy != timeline.Observed {
			a.Pod, a.PodBy = "", timeline.Observed
		}
		switch {
		case a.Control || a.Started == timeline.Never:
		case a.Conn == 0:
			in.dialsNamed = in.dialsNamed || a.Pod != ""
			in.dials = append(in.dials, a)
		default:
			c := byConn[a.Conn]
			if c == nil {
				c = &connection{opened: a.Started, answered: timeline.Never, ended: timeline.Never, lastStarted: timeline.Never}
				byConn[a.Conn] = c
				in.connections = append(in.connections, c)
			}
			c.add(a)
		}
	}
	slices.SortStableFunc(in.dials, func(a, b *timeline.Attempt) int { return cmp.Compare(dialMoment(a), dialMoment(b)) })
}

// dialMoment is the moment that a failed dial is evidence for: a refusal comes
// immediately, a SYN without an answer was sent long before the dial times out.
func dialMoment(a *timeline.Attempt) time.Duration {
	if a.Cause == timeline.DialTimeout {
		return a.Started
	}
	return a.Ended
}
