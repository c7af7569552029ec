package lab

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// node is one machine's kube-proxy, with its view of the endpoints. The loop
// writes the view, clients read it.
type node struct {
	name string     // node-1, node-2, ...
	lag  *rand.Rand // draws the delay of each change
	view atomic.Pointer[view]

	picking sync.Mutex
	picks   *rand.Rand // guarded by picking
	coming  []arrival  // not yet in view; guarded by picking
}

// arrival is a view that the node has from a moment on, however late the loop is with it.
type arrival struct {
	at time.Time
	*view
}

// view is what a node does with new connections. It never changes.
type view struct {
	slice   *slice
	targets []endpoint
}

func newNode(number int, seed uint64) *node {
	id := strconv.Itoa(number)
	n := &node{name: "node-" + strconv.Itoa(number+1), lag: stream(seed, "lag of node "+id), picks: stream(seed, "picks of node "+id)}
	n.show(&slice{})
	return n
}

// expect announces a slice, which update brings: new connections follow it from that moment
// on, also while the loop has no processor.
func (n *node) expect(at time.Time, s *slice) {
	n.picking.Lock()
	defer n.picking.Unlock()
	n.coming = append(n.coming, arrival{at, &view{s, s.targets()}})
}

// current is the newest view that has arrived by now. The caller holds picking.
func (n *node) current(now time.Time) *view {
	newest := n.view.Load()
	n.coming = slices.DeleteFunc(n.coming, func(a arrival) bool { return a.slice.version <= newest.slice.version })
	for _, a := range n.coming {
		if !a.at.After(now) && a.slice.version > newest.slice.version {
			newest = a.view
		}
	}
	return newest
}

func (n *node) show(s *slice) { n.view.Store(&view{s, s.targets()}) }

// pick chooses an endpoint for a new connection, each with the same chance,
// as kube-proxy's iptables and nftables rules do.
func (n *node) pick() (endpoint, bool) {
	n.picking.Lock()
	defer n.picking.Unlock()
	targets := n.current(time.Now()).targets
	if len(targets) == 0 {
		return endpoint{}, false
	}
	return targets[n.picks.IntN(len(targets))], true
}

// update gives the node a newer slice and reports the changes. One sync of
// kube-proxy has every change so far, so a slice that arrives late changes
// nothing.
func (n *node) update(s *slice, report func(pod string, kind timeline.Kind)) {
	before := n.view.Load().slice
	if s.version <= before.version {
		return
	}
	n.show(s)
	for _, e := range before.endpoints {
		if kind, changed := transition(e, s.find(e.pod)); changed {
			report(e.pod, kind)
		}
	}
	for _, e := range s.endpoints {
		if before.find(e.pod).pod != "" {
			continue
		}
		if kind, changed := transition(endpoint{}, e); changed {
			report(e.pod, kind)
		}
	}
}

// transition is the event by which an endpoint changed from one state to the
// other, if that makes a difference to a client.
func transition(from, to endpoint) (kind timeline.Kind, changed bool) {
	switch {
	case to.ready:
		return timeline.EndpointAdded, !from.ready
	case to.fallback():
		return timeline.EndpointTerminating, !from.fallback() || from.ready
	default:
		return timeline.EndpointRemoved, from.ready || from.fallback()
	}
}
