package attribute

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// inference is what is known of a run of a cluster while its attempts are attributed.
type inference struct {
	run             *timeline.Run
	accuracy        *Accuracy
	pods            []*podWindow // in order of their start
	byName          map[string]*podWindow
	connections     []connection   // in order of their numbers' appearance
	byNumber        map[uint64]int // their indices
	dials           []dial         // in order of the record
	notListening    *podWindow     // refused dials although it was ready
	unansweredPod   *podWindow     // a SYN to it had no answer, because it had exited
	unansweredAt    time.Duration
	hasSlices       bool // the endpoints of the Service were seen
	alwaysAnnounces bool // the server announces the end of connections also outside terminations
	alwaysFails     bool // and responds with 5xx
	dialsNamed      bool // the stage knows the pod of a dial that fails
}

func newInference(run *timeline.Run) *inference {
	in := &inference{run: run, accuracy: NewAccuracy(run), byName: map[string]*podWindow{}, byNumber: map[uint64]int{}}
	in.hasSlices = slices.ContainsFunc(run.Events, func(e timeline.Event) bool { return ofSlice(&e) })
	for _, p := range timeline.Pods(run.Events) {
		q := newPodWindow(p, in.accuracy)
		if in.hasSlices {
			q.routableFrom = timeline.Never // a pod that is ready gets connections as an endpoint
		}
		in.pods = append(in.pods, q)
		in.byName[p.Name] = q
	}
	in.addEvents()
	return in
}

// settle finds out whether what the server announces shows anything.
func (in *inference) settle() {
	for i := range in.connections {
		c := &in.connections[i]
		marked := c.announced && !in.alwaysAnnounces || c.failing && !in.alwaysFails
		if marked && in.noneTerminating(c.ended) { // in this order: few are marked, and noneTerminating is a pass over every pod
			in.alwaysAnnounces = in.alwaysAnnounces || c.announced
			in.alwaysFails = in.alwaysFails || c.failing
		}
	}
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
		in.byName[e.Pod].addEvent(e, in.accuracy, len(proxies))
	}
}

// add notes an attempt: of which connection it is, or that it is a dial that made none.
func (in *inference) add(a *timeline.Attempt) {
	switch {
	case in.run.Stage != "cluster" || a.Control || a.Started == timeline.Never:
	case a.Conn != 0:
		i, known := in.byNumber[a.Conn]
		if !known {
			i = len(in.connections)
			in.byNumber[a.Conn] = i
			in.connections = append(in.connections, newConnection(a))
		}
		in.connections[i].add(a)
	case a.Pod != "":
		in.dialsNamed = true
	case a.Failed():
		in.dials = append(in.dials, newDial(a))
	}
}
