package timeline

import (
	"cmp"
	"slices"
	"time"
)

// How exactly moments of different observers compare.
const (
	echo    = 30 * time.Millisecond  // between an event of a pod and its echo at a client
	prompt  = 250 * time.Millisecond // by which the control plane's own events may be late
	forgets = 30 * time.Second       // after which kube-proxy surely knows of a removal (its syncPeriod)
)

// Attribute concludes which pod each attempt of a cluster's run went to where
// the client could not know: behind the IP of a Service, kube-proxy chooses.
// It returns a run of its own; what was seen stays as it was, and a run of the
// lab needs nothing and is returned itself. The rules, the first that fits:
//
//   - A connection goes to one pod. If one of its attempts was named by sight,
//     all were sent there.
//   - A pod is possible if it could be chosen when the connection was opened
//     (in the endpoints, alive, and not known to every proxy as gone) and
//     lived until the last answer. If one alone is possible, it is that.
//   - A connection that the server ended belongs to the possible pod whose
//     exit is nearest, within the accuracy of the run; else to the possible
//     pod that was terminating then, and closes its idle connections.
//   - An announced end ("Connection: close") or a 5xx belongs to the possible
//     pod that is terminating, if none of the kind was ever seen while no pod
//     was: then it is no habit of the server.
//   - A dial that nobody took belongs to the pod that had stopped last, else
//     to the one that has been terminating for longest, but not to one that is
//     known to have taken a connection later. If there is none, to the pod
//     that was ready last, which may not listen yet, and so do those that
//     follow closely. If the endpoints had nobody to offer whom the proxies
//     have heard of, it has no pod: it met a gap. A SYN that no living pod
//     answered may have gone where one went before, to a pod that had gone.
//
// All else has no pod. A success that two pods could have given is nobody's,
// so that no late arrival is invented.
func Attribute(run *Run) *Run {
	if run.Stage != "cluster" {
		return run
	}
	named := *run
	named.Attempts = slices.Clone(run.Attempts)
	in := newInference(&named)
	in.settleLinks()
	in.settleDials()
	return &named
}

// inference is what is known of a run while it is attributed.
type inference struct {
	run      *Run
	pods     []*presence // in order of their start
	byName   map[string]*presence
	links    []*link // in order of their numbers' appearance
	dials    []*Attempt
	notYet   *presence // turned dials away although it was ready
	silent   *presence // left a SYN unanswered, for it had gone
	silentAt time.Duration
	slices   bool // the endpoints of the Service were seen
	goodbyes bool // the server says goodbye also outside of terminations
	errors   bool // and fails
	sighted  bool // the stage knows the pod of a dial that fails
}

func newInference(run *Run) *inference {
	in := &inference{run: run, byName: map[string]*presence{}}
	for _, p := range Pods(run.Events) {
		q := newPresence(p, run.Accuracy)
		in.pods = append(in.pods, q)
		in.byName[p.Name] = q
	}
	in.watch()
	in.gather()
	for _, l := range in.links {
		says := l.how == Goodbye && !in.goodbyes || l.failing && !in.errors
		if says && in.calm(l.ended) { // in this order: few say anything, and calm takes a look at every pod
			in.goodbyes = in.goodbyes || l.how == Goodbye
			in.errors = in.errors || l.failing
		}
	}
	return in
}

// calm reports whether surely no pod was terminating at the moment.
func (in *inference) calm(at time.Duration) bool {
	return at != Never && !slices.ContainsFunc(in.pods, func(p *presence) bool { return p.leaving(at) })
}

// watch adds what the fold of a pod leaves out.
func (in *inference) watch() {
	proxies := map[int]bool{}
	for _, e := range in.run.Events {
		if e.Node > 0 && e.endpoint() {
			proxies[e.Node] = true
		}
	}
	for _, e := range in.run.Events {
		in.slices = in.slices || e.Node == 0 && e.endpoint()
		in.byName[e.Pod].witness(e, in.run.Accuracy, len(proxies))
	}
}

func (e *Event) endpoint() bool {
	return e.Kind == EndpointAdded || e.Kind == EndpointTerminating || e.Kind == EndpointRemoved
}

// gather sorts the attempts into connections and dials that made none.
// Conclusions of an earlier time are forgotten.
func (in *inference) gather() {
	byConn := map[uint64]*link{}
	for i := range in.run.Attempts {
		a := &in.run.Attempts[i]
		if a.PodBy != BySight {
			a.Pod, a.PodBy = "", BySight
		}
		switch {
		case a.Control || a.Started == Never:
		case a.Conn == 0:
			in.sighted = in.sighted || a.Pod != ""
			in.dials = append(in.dials, a)
		default:
			l := byConn[a.Conn]
			if l == nil {
				l = &link{opened: a.Started, answered: Never, ended: Never, asked: Never}
				byConn[a.Conn] = l
				in.links = append(in.links, l)
			}
			l.add(a)
		}
	}
	slices.SortStableFunc(in.dials, func(a, b *Attempt) int { return cmp.Compare(dialled(a), dialled(b)) })
}
