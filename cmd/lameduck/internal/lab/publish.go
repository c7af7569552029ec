package lab

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// publish is the slice controller: when the endpoints have changed, it writes
// them after its lag, and every node is updated after its own. A write has the
// whole state, so one that overtakes another includes it.
func (l *loop) publish() {
	service := l.cfg.Workload.Service
	endpoints := endpointsOf(l.pods, service != nil && service.PublishNotReadyAddresses)
	if slices.Equal(endpoints, l.latest.endpoints) {
		return
	}
	s := &slice{l.latest.version + 1, endpoints}
	l.latest = s
	l.later(between(l.sliceLag, sliceLagMin, sliceLagMax), func() { l.write(s) })
}

func (l *loop) write(s *slice) {
	for _, n := range l.nodes {
		lag := l.cfg.Propagation.draw(n.lag)
		n.expect(l.due.Add(lag), s)
		l.later(lag, func() {
			n.update(s, func(pod string, kind timeline.Kind) { l.emit(timeline.Event{Pod: pod, Kind: kind, Node: n.name}) })
		})
	}
}

// settled reports whether every node has the slice of this version.
func (l *loop) settled(version int) bool {
	return !slices.ContainsFunc(l.nodes, func(n *node) bool { return n.view.Load().slice.version < version })
}
