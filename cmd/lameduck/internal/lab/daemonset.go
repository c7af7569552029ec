package lab

// reconcileDaemonSet is the DaemonSet controller: one pod on each of as many
// nodes as there are replicas.
func (l *loop) reconcileDaemonSet() {
	surge, unavailable := l.daemonSetLimits()
	for node := range l.replicas {
		twice, missing := l.manageNode(node)
		surge, unavailable = surge-twice, unavailable-missing
	}
	if l.cfg.Workload.Strategy.Type != "OnDelete" {
		l.updateNodes(surge, unavailable)
	}
}

// manageNode starts a pod on a node that has none, and removes an outdated one beside an
// updated one that is available (manage, in the controller's source). It returns whether
// the node has two pods, and whether it has none that is available: 1 or 0.
func (l *loop) manageNode(node int) (twice, missing int) {
	updated, outdated, leaving := l.onNode(node)
	switch {
	case updated == nil && outdated == nil && leaving == nil:
		l.add(&podState{ordinal: node, revision: l.revision})
		return 0, 1
	case updated != nil && outdated != nil:
		if l.available(updated) {
			l.remove([]*podState{outdated})
		}
		return 1, 0
	case !l.available(updated) && !l.available(outdated):
		return 0, 1
	}
	return 0, 0
}

// updateNodes replaces outdated pods, as many as the limits allow (rollingUpdate, in the
// controller's source).
func (l *loop) updateNodes(surge, unavailable int) {
	for node := range l.replicas {
		updated, outdated, _ := l.onNode(node)
		switch {
		case outdated == nil || updated != nil:
		case l.cfg.Workload.Strategy.MaxSurge.Value > 0:
			if surge > 0 || !l.available(outdated) {
				l.add(&podState{ordinal: node, revision: l.revision})
				surge--
			}
		case unavailable > 0 || !l.available(outdated):
			l.remove([]*podState{outdated})
			unavailable--
		}
	}
}

// daemonSetLimits are how many pods may exist twice, and how many may be
// missing. Both percentages are rounded up.
func (l *loop) daemonSetLimits() (surge, unavailable int) {
	s := l.cfg.Workload.Strategy
	return s.MaxSurge.Resolve(l.replicas, true), s.MaxUnavailable.Resolve(l.replicas, true)
}

// onNode are the pods of one node; leaving is one that terminates.
func (l *loop) onNode(node int) (updated, outdated, leaving *podState) {
	for _, m := range l.pods {
		switch {
		case m.ordinal != node:
		case m.deleted:
			leaving = m
		case m.revision == l.revision:
			updated = m
		default:
			outdated = m
		}
	}
	return updated, outdated, leaving
}
