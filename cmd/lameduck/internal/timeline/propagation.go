package timeline

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// Lag is how long clients of one node were still sent to one pod after the
// EndpointSlices had taken it out. The truth lies between Last and Until, give
// or take what the event of the slices took to reach us.
type Lag struct {
	Node int // an index into Run.Nodes, as Attempt.Node is
	Pod  string
	Out  time.Duration // since the start
	// Last is how long after Out the last new connection to the pod began: the
	// node still sent clients there. 0 if none came after Out.
	Last time.Duration
	// Until is how long after Out so many more had gone to other pods that a
	// node which still offered the pod would have avoided it once in a hundred
	// times by chance.
	Until time.Duration
	// Proxy is how long after Out the kube-proxy of the node had applied the
	// change, after its own metrics; Never where they could not be read.
	Proxy time.Duration
}

// byChance is how often a node may avoid a pod that it still offers, and be
// taken for one that does so no longer.
const byChance = 0.01

// Propagation measures a run of a cluster: one Lag for every pod that the
// slices took out and every node that clients came through. A pod is out when
// it is no longer among those that kube-proxy should choose from: the ready
// ones, or if there are none those that terminate and still serve (KEP-1669).
//
// There is no Lag where the answer is not known: not enough new connections
// followed, or of one of them nobody can say where it went, as of a SYN that
// was not answered. It is assumed that every node may choose every pod, each
// with the same chance, so what it says of Services with an
// internalTrafficPolicy of Local or with session affinity means little.
func Propagation(run *Run) []Lag {
	if run.Stage != "cluster" {
		return nil
	}
	arrivals := arrivalsByNode(run.Attempts)
	var lags []Lag
	for _, d := range departures(run.Events) {
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
func arrivalsByNode(attempts []Attempt) map[int][]*Attempt {
	byNode := map[int][]*Attempt{}
	for i := range attempts {
		if a := &attempts[i]; !a.Control && !a.Reused && a.Started != Never {
			byNode[a.Node] = append(byNode[a.Node], a)
		}
	}
	for _, arrivals := range byNode {
		slices.SortStableFunc(arrivals, func(a, b *Attempt) int { return cmp.Compare(a.Started, b.Started) })
	}
	return byNode
}

// departure is a pod's leaving the choice that the slices offer.
type departure struct {
	pod    string
	at     time.Duration
	back   time.Duration // it was offered again, or Never
	others int           // that were offered instead
}

// departures replays what the slices said.
func departures(events []Event) []departure {
	said := map[string]Kind{}
	var all []departure
	before := map[string]bool{}
	order := inOrder(events)
	for i, e := range order {
		said[e.Pod] = e.Kind
		if i+1 < len(order) && order[i+1].At == e.At {
			continue // one write of a slice
		}
		now := offered(said)
		for pod := range now {
			if !before[pod] {
				comesBack(all, pod, e.At)
			}
		}
		for _, pod := range slices.Sorted(maps.Keys(before)) {
			if !now[pod] {
				all = append(all, departure{pod, e.At, Never, len(now)})
			}
		}
		before = now
	}
	return all
}

// inOrder are the events of the slices themselves.
func inOrder(events []Event) []Event {
	var of []Event
	for _, e := range events {
		if e.Node == 0 && e.endpoint() {
			of = append(of, e)
		}
	}
	slices.SortStableFunc(of, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return of
}

// offered are the ready pods, or else those that terminate and still serve.
func offered(said map[string]Kind) map[string]bool {
	for _, kind := range []Kind{EndpointAdded, EndpointTerminating} {
		pods := map[string]bool{}
		for pod, k := range said {
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

func comesBack(all []departure, pod string, at time.Duration) {
	for i := range all {
		if all[i].pod == pod && all[i].back == Never {
			all[i].back = at
		}
	}
}

// measure looks at the new connections of one node.
func (d *departure) measure(arrivals []*Attempt) (l Lag, known bool) {
	l = Lag{Pod: d.pod, Out: d.at}
	avoided, unsure := 0, false
	for _, a := range arrivals {
		switch {
		case a.Started < d.at || d.back != Never && a.Started >= d.back:
		case a.Pod == "" || a.PodBy == ByLikelihood || a.Cause == DialTimeout:
			unsure = unsure || !known
		case a.Pod == d.pod:
			l.Last, avoided, unsure, known = a.Started-d.at, 0, false, false
		case !known:
			if avoided++; avoided == d.enough() {
				l.Until, known = a.Started-d.at, !unsure
			}
		}
	}
	return l, known
}

// enough connections that go elsewhere are no chance.
func (d *departure) enough() int {
	if d.others == 0 {
		return 1
	}
	n := float64(d.others)
	return int(math.Ceil(math.Log(byChance) / math.Log(n/(n+1))))
}

// applied is when the kube-proxy of the node knew, by its own account.
func (d *departure) applied(run *Run, node int) time.Duration {
	if node >= len(run.Nodes) {
		return Never
	}
	number := slices.Index(run.Proxies, run.Nodes[node]) + 1
	for _, e := range run.Events {
		gone := e.Kind == EndpointTerminating || e.Kind == EndpointRemoved
		if number > 0 && e.Node == number && e.Pod == d.pod && gone && e.At >= d.at {
			return e.At - d.at
		}
	}
	return Never
}
