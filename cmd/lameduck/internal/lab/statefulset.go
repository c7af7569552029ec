package lab

import (
	"cmp"
	"slices"
)

// reconcileStatefulSet is the StatefulSet controller: each ordinal has one pod,
// and a new one is created only after the old one has exited.
func (l *loop) reconcileStatefulSet() {
	for l.stepStatefulSet() {
	}
}

// stepStatefulSet makes one change and reports whether it did. With
// OrderedReady every change waits until all pods of a lower ordinal are
// available, and each pod that is deleted has exited (updateStatefulSet).
func (l *loop) stepStatefulSet() bool {
	pods, s := l.byOrdinal(), l.cfg.Workload.Strategy
	for ordinal := range l.replicas {
		switch m := pods[ordinal]; {
		case m == nil:
			l.add(&podState{ordinal: ordinal, revision: l.revisionOf(ordinal)})
			return true
		case !s.Parallel && !l.available(m):
			return false
		}
	}
	if surplus := l.surplus(); len(surplus) > 0 {
		if !s.Parallel {
			surplus = surplus[:1]
		}
		surplus = slices.DeleteFunc(surplus, func(m *podState) bool { return m.deleted })
		l.remove(surplus)
		return len(surplus) > 0
	}
	return l.updateStatefulSet(pods)
}

// updateStatefulSet deletes outdated pods, those of the highest ordinals first,
// as long as fewer than maxUnavailable are unavailable.
func (l *loop) updateStatefulSet(pods map[int]*podState) bool {
	s := l.cfg.Workload.Strategy
	if s.Type == "OnDelete" {
		return false
	}
	room := max(1, s.MaxUnavailable.Resolve(l.replicas, false))
	for _, m := range pods {
		if !l.available(m) {
			room--
		}
	}
	for ordinal := l.replicas - 1; ordinal >= 0 && room > 0; ordinal-- {
		m := pods[ordinal]
		if m.revision != l.revisionOf(ordinal) && !m.deleted {
			l.remove([]*podState{m})
			return true
		}
	}
	return false
}

// byOrdinal are the pods that exist, terminating ones as well.
func (l *loop) byOrdinal() map[int]*podState {
	pods := map[int]*podState{}
	for _, m := range l.pods {
		pods[m.ordinal] = m
	}
	return pods
}

// surplus are the pods above the number of replicas, the highest ordinal first.
func (l *loop) surplus() (pods []*podState) {
	for _, m := range l.pods {
		if m.ordinal >= l.replicas {
			pods = append(pods, m)
		}
	}
	slices.SortFunc(pods, func(a, b *podState) int { return cmp.Compare(b.ordinal, a.ordinal) })
	return pods
}
