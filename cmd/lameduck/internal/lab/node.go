package lab

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"

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

func (n *node) show(s *slice) { n.view.Store(&view{s, s.targets()}) }

// pick chooses an endpoint for a new connection, each with the same chance,
// as kube-proxy's iptables and nftables rules do.
func (n *node) pick() (endpoint, bool) {
	targets := n.view.Load().targets
	if len(targets) == 0 {
		return endpoint{}, false
	}
	n.picking.Lock()
	defer n.picking.Unlock()
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
