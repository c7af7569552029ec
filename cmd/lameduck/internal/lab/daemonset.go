package lab

// reconcileDaemonSet is the DaemonSet controller: one pod on each of as many
// nodes as there are replicas (manage, and rollingUpdate).
func (l *loop) reconcileDaemonSet() {
	surge, unavailable := l.daemonSetLimits()
	for node := range l.replicas {
		updated, outdated, leaving := l.onNode(node)
		switch {
		case updated == nil && outdated == nil && leaving == nil:
			l.add(&podState{ordinal: node, revision: l.revision})
			unavailable--
		case updated != nil && outdated != nil:
			surge--
			if l.available(updated) {
				l.remove([]*podState{outdated})
			}
		case !l.available(updated) && !l.available(outdated):
			unavailable--
		}
	}
	if l.cfg.Workload.Strategy.Type == "OnDelete" {
		return
	}
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
