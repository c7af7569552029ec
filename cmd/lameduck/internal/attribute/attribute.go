// Package attribute concludes from a run what its clients could not know: which
// pod an attempt was sent to, and how long a node routed to a pod that was
// removed. It is the only place that knows how late the events of a cluster may
// be. What it concludes is not saved with a run, so a better attribution runs on
// old files.
package attribute

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// How exactly the moments of different observers compare.
const (
	clockSlack        = 30 * time.Millisecond  // between an event of a pod and its effect on a client
	controlPlaneDelay = 250 * time.Millisecond // how late the control plane's own events may be
	syncPeriod        = 30 * time.Second       // after which kube-proxy surely applied a removal (its syncPeriod)
)

// Run infers which pod each attempt of a cluster's run went to where
// the client could not know: behind the IP of a Service, kube-proxy chooses.
// It also marks the attempts whose failure a lateness of the tool may have caused.
// It returns a copy of the run; what was observed stays as it was, and a run in
// which nothing is to be concluded is returned itself. The rules, the first that applies:
//
//   - A connection goes to one pod. If the pod of one attempt was observed,
//     all attempts were sent there.
//   - A pod is possible if it was routable when the connection was opened
//     (in the endpoints, running, and not removed by every proxy) and
//     ran until the last response. If only one pod is possible, it is that.
//   - A connection that the server ended belongs to the possible pod whose
//     exit is nearest, within the accuracy of the run; else to the possible
//     pod that was terminating then, which closes its idle connections.
//   - An announced end ("Connection: close") or a 5xx belongs to the possible
//     pod that is terminating, if none was ever seen while no pod
//     was: otherwise the server always sends them.
//   - A dial that was not accepted belongs to the pod that had stopped last, else
//     to the one that has been terminating for longest, but not to one that is
//     known to have accepted a connection later. If there is none, to the pod
//     that became ready last, which may not listen yet, and so do the dials that
//     follow closely. If no usable endpoint was known to the proxies,
//     it has no pod: the Service had no endpoint. A SYN that no running pod
//     answered may have followed an earlier SYN, to a pod that had exited.
//
// All other attempts have no pod. A success that two pods could have given has none,
// so that no false late arrival is counted.
func Run(run *timeline.Run) *timeline.Run {
	if run.Stage == "cluster" {
		run = nameAttempts(run)
	}
	return markVoid(run)
}

// nameAttempts names the pods of attempts in a copy of the run.
func nameAttempts(run *timeline.Run) *timeline.Run {
	named := *run
	named.Attempts = slices.Clone(run.Attempts)
	in := newInference(&named)
	in.attributeConnections()
	in.attributeDials()
	return &named
}

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

// ofEndpoint reports whether the event is a change of a view of the endpoints.
func ofEndpoint(e *timeline.Event) bool {
	return e.Kind == timeline.EndpointAdded || e.Kind == timeline.EndpointTerminating || e.Kind == timeline.EndpointRemoved
}

// ofSlice reports whether the event is a change of the EndpointSlices
// themselves.
func ofSlice(e *timeline.Event) bool { return ofEndpoint(e) && e.Source != timeline.SourceProxy }

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
