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

// Propagation measures a run of a cluster: one Lag for every pod that the
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
func Propagation(run *timeline.Run) []Lag {
	if run.Stage != "cluster" {
		return nil
	}
	arrivals := arrivalsByNode(run.Attempts)
	var lags []Lag
	for _, d := range removals(run.Events) {
		for _, node := range slices.Sorted(maps.Keys(arrivals)) {
			if l, known := d.measure(arrivals[node]); known {
				l.Node, l.Proxy = node, d.applied(run, node)
				lags = append(lags, l)
			}
		}
	}
	return lags
}

// arrivalsByNode are the new connections, in the order in which they began.
func arrivalsByNode(attempts []timeline.Attempt) map[string][]*timeline.Attempt {
	byNode := map[string][]*timeline.Attempt{}
	for i := range attempts {
		if a := &attempts[i]; !a.Control && !a.Reused && a.Started != timeline.Never {
			byNode[a.Node] = append(byNode[a.Node], a)
		}
	}
	for _, arrivals := range byNode {
		slices.SortStableFunc(arrivals, func(a, b *timeline.Attempt) int { return cmp.Compare(a.Started, b.Started) })
	}
	return byNode
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

// measure evaluates the new connections of one node.
func (d *removal) measure(arrivals []*timeline.Attempt) (l Lag, known bool) {
	l = Lag{Pod: d.pod, Removed: d.at}
	avoided, unsure := 0, false
	for _, a := range arrivals {
		switch {
		case a.Started < d.at || d.addedAgain != timeline.Never && a.Started >= d.addedAgain:
		case a.Pod == "" || a.PodBy == timeline.Probable || a.Cause == timeline.DialTimeout:
			unsure = unsure || !known
		case a.Pod == d.pod:
			l.Last, avoided, unsure, known = a.Started-d.at, 0, false, false
		case !known:
			if avoided++; avoided == d.samplesNeeded() {
				l.Until, known = a.Started-d.at, !unsure
			}
		}
	}
	return l, known
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
