package attribute

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Lag is how long one node still routed new connections to one pod after the
// EndpointSlices had removed it. The real time is between Last and Until, plus
// or minus the delay of the event of the slices.
type Lag struct {
	Node    string
	Pod     string
	Removed time.Duration // since the start
	// Last is how long after Removed the last new connection to the pod began: the
	// node still routed to it. 0 if none came after Removed.
	Last time.Duration
	// Until is how long after Removed so many more had gone to other pods that a
	// node which still routed to the pod would have avoided it once in a hundred
	// times by chance.
	Until time.Duration
	// Proxy is how long after Removed the kube-proxy of the node had applied the
	// change, by its own metrics; Never where they could not be read.
	Proxy time.Duration
}

// chanceLimit is the probability that a node avoids a pod by chance although it
// still routes to it, below which the node counts as updated.
const chanceLimit = 0.01

// Lags measures a run of a cluster: one Lag for every pod that the
// slices removed and every node that clients came through. A pod is removed
// when it is no longer among those that kube-proxy should choose from: the
// ready ones, or if there are none those that terminate and still serve
// (KEP-1669).
//
// There is no Lag where the result is not known: not enough new connections
// followed, or the pod of one of them is not known, as of a SYN without an
// answer. It is assumed that every node may choose every pod, each with the
// same chance, so the result means little for Services with an
// internalTrafficPolicy of Local or with session affinity.
type Lags struct {
	run      *timeline.Run
	removals []removal // in order
	nodes    map[string]*node
}

// NewLags has no attempt yet.
func NewLags(run *timeline.Run) *Lags {
	l := &Lags{run: run, nodes: map[string]*node{}}
	if run.Stage == "cluster" {
		l.removals = removals(run.Events)
	}
	return l
}

// Add notes an attempt. They come in the order in which they began.
func (l *Lags) Add(a *timeline.Attempt) {
	if len(l.removals) == 0 || a.Control || a.Reused || a.Started == timeline.Never {
		return
	}
	n := l.nodes[a.Node]
	if n == nil {
		n = &node{ofPod: map[string][]*sample{}}
		l.nodes[a.Node] = n
	}
	for len(n.samples) < len(l.removals) && l.removals[len(n.samples)].at <= a.Started {
		n.begin(&l.removals[len(n.samples)])
	}
	n.add(a)
}

// Measured are the lags that are known.
func (l *Lags) Measured() []Lag {
	var all []Lag
	for i := range l.removals {
		for _, name := range slices.Sorted(maps.Keys(l.nodes)) {
			if n := l.nodes[name]; i < len(n.samples) && n.samples[i].known {
				lag := n.samples[i].Lag
				lag.Node, lag.Proxy = name, l.removals[i].applied(l.run, name)
				all = append(all, lag)
			}
		}
	}
	return all
}

// node is what the new connections through one node show of the removals so far.
type node struct {
	samples []*sample            // of each removal, in order
	ofPod   map[string][]*sample // the same, by the pod that was removed
	open    []*sample            // those that wait for more connections to other pods
}

// sample is the Lag of one removal on one node.
type sample struct {
	*removal
	Lag
	avoided int // connections to other pods since the last one to this
	needed  int // so many of them are hardly chance
	unsure  bool
	known   bool
}

func (n *node) begin(d *removal) {
	s := &sample{removal: d, Lag: Lag{Pod: d.pod, Removed: d.at}, needed: d.samplesNeeded()}
	n.samples, n.open = append(n.samples, s), append(n.open, s)
	n.ofPod[d.pod] = append(n.ofPod[d.pod], s)
}

func (n *node) add(a *timeline.Attempt) {
	sure := a.Pod != "" && a.PodBy != timeline.Probable && a.Cause != timeline.DialTimeout
	if sure {
		for _, s := range n.ofPod[a.Pod] {
			if s.over(a.Started) {
				continue
			}
			if s.avoided >= s.needed {
				n.open = append(n.open, s)
			}
			s.Last, s.avoided, s.unsure, s.known = a.Started-s.at, 0, false, false
		}
	}
	n.open = slices.DeleteFunc(n.open, func(s *sample) bool {
		return s.over(a.Started) || (a.Pod != s.Pod || !sure) && s.closedBy(a.Started, sure)
	})
}

// closedBy counts a connection that surely went to another pod, or perhaps. It reports
// whether no more are needed.
func (s *sample) closedBy(at time.Duration, sure bool) bool {
	if !sure {
		s.unsure = true
		return false
	}
	s.avoided++
	if s.avoided < s.needed {
		return false
	}
	s.Until, s.known = at-s.at, !s.unsure
	return true
}

// removal is one pod's removal from the usable endpoints of the slices.
type removal struct {
	pod        string
	at         time.Duration
	addedAgain time.Duration // it was usable again, or Never
	others     int           // usable endpoints that remained
}

// removals replays the changes of the slices.
func removals(events []timeline.Event) []removal {
	state := map[string]timeline.Kind{}
	var all []removal
	before := map[string]bool{}
	order := sliceEvents(events)
	for i, e := range order {
		state[e.Pod] = e.Kind
		if i+1 < len(order) && order[i+1].At == e.At {
			continue // one write of a slice
		}
		now := usable(state)
		for pod := range now {
			if !before[pod] {
				markReturned(all, pod, e.At)
			}
		}
		for _, pod := range slices.Sorted(maps.Keys(before)) {
			if !now[pod] {
				all = append(all, removal{pod, e.At, timeline.Never, len(now)})
			}
		}
		before = now
	}
	return all
}

// sliceEvents are the events of the slices themselves, in order.
func sliceEvents(events []timeline.Event) []timeline.Event {
	var of []timeline.Event
	for _, e := range events {
		if ofSlice(&e) {
			of = append(of, e)
		}
	}
	slices.SortStableFunc(of, func(a, b timeline.Event) int { return cmp.Compare(a.At, b.At) })
	return of
}

// usable are the ready pods, or else those that terminate and still serve.
func usable(state map[string]timeline.Kind) map[string]bool {
	for _, kind := range []timeline.Kind{timeline.EndpointAdded, timeline.EndpointTerminating} {
		pods := map[string]bool{}
		for pod, k := range state {
			if k == kind {
				pods[pod] = true
			}
		}
		if len(pods) > 0 {
			return pods
		}
	}
	return nil
}

func markReturned(all []removal, pod string, at time.Duration) {
	for i := range all {
		if all[i].pod == pod && all[i].addedAgain == timeline.Never {
			all[i].addedAgain = at
		}
	}
}

// over reports whether the pod was usable again.
func (d *removal) over(at time.Duration) bool {
	return d.addedAgain != timeline.Never && at >= d.addedAgain
}

// samplesNeeded is how many connections in a row to other pods are hardly
// chance.
func (d *removal) samplesNeeded() int {
	if d.others == 0 {
		return 1
	}
	n := float64(d.others)
	return int(math.Ceil(math.Log(chanceLimit) / math.Log(n/(n+1))))
}

// applied is when the kube-proxy of the node had applied the change, by its own
// metrics.
func (d *removal) applied(run *timeline.Run, node string) time.Duration {
	for _, e := range run.Events {
		removedByAll := e.Kind == timeline.EndpointTerminating || e.Kind == timeline.EndpointRemoved
		if e.Source == timeline.SourceProxy && e.Node == node && e.Pod == d.pod && removedByAll && e.At >= d.at {
			return e.At - d.at
		}
	}
	return timeline.Never
}
