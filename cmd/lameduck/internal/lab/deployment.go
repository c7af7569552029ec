package lab

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// podCounts is the input of the Deployment controller. Pods that are
// terminating are not in it: Kubernetes ignores them, so more processes than
// replicas + surge may run at once (KEP-3973).
type podCounts struct {
	replicas        int // wanted
	surge           int // pods allowed above replicas
	unavailable     int // pods allowed to be missing
	updated         int // pods of the current revision
	updatedServing  int // of those, available
	outdated        int // pods of earlier revisions
	outdatedServing int // of those, available
}

// fenceposts resolves the strategy for a number of replicas. If both come out
// as 0 nothing could ever move, so one pod may be unavailable (the
// controller's ResolveFenceposts).
func fenceposts(s manifest.Strategy, replicas int) (surge, unavailable int) {
	surge = s.MaxSurge.Resolve(replicas, true)
	unavailable = s.MaxUnavailable.Resolve(replicas, false)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable
}

// toCreate is how many pods of the current revision to create now
// (NewRSNewReplicas). It is negative when there are too many of them.
func (c podCounts) toCreate() int {
	missing := c.replicas - c.updated
	if c.outdated == 0 {
		return missing
	}
	room := c.replicas + c.surge - c.updated - c.outdated
	return max(0, min(room, missing))
}

// toRemove is how many outdated pods to delete now: first those that do not
// serve, as long as that cannot reduce availability, then as many as may be
// missing (reconcileOldReplicaSets).
func (c podCounts) toRemove() int {
	minServing := c.replicas - c.unavailable
	idle := min(c.outdated-c.outdatedServing, c.updated+c.outdated-minServing-(c.updated-c.updatedServing))
	spare := c.updatedServing + c.outdatedServing - minServing
	return min(c.outdated, max(0, idle)+max(0, spare))
}

// byDeletionOrder sorts pods so that those to be deleted first come first: not
// ready before ready, more recently ready (in powers of two of the time) before
// longer ready, more restarts before fewer, newer before older
// (ActivePodsWithRanks, as far as the lab has its inputs).
func byDeletionOrder(pods []*podState, now time.Time) []*podState {
	sorted := slices.Clone(pods)
	slices.SortStableFunc(sorted, func(a, b *podState) int {
		return cmp.Or(
			cmp.Compare(a.readyRank(now), b.readyRank(now)),
			cmp.Compare(b.restarts, a.restarts),
			cmp.Compare(b.number, a.number),
		)
	})
	return sorted
}

// readyRank grows with the time the pod has been ready; -1 if it is not.
func (m *podState) readyRank(now time.Time) int {
	if !m.ready() {
		return -1
	}
	seconds := max(1, now.Sub(m.readySince).Seconds())
	return int(math.Log2(seconds))
}

// reconcileDeployment is the Deployment controller with its ReplicaSets.
func (l *loop) reconcileDeployment() {
	for {
		updated, outdated := l.split()
		if l.cfg.Workload.Strategy.Type == "Recreate" && l.recreate(outdated) {
			return
		}
		c := l.podCounts(updated, outdated)
		switch create := c.toCreate(); {
		case create > 0:
			for range create {
				l.create()
			}
		case create < 0:
			l.remove(byDeletionOrder(updated, time.Now())[:-create])
		case c.outdated > 0 && c.toRemove() > 0:
			l.remove(byDeletionOrder(outdated, time.Now())[:c.toRemove()])
		default:
			return
		}
	}
}

// recreate deletes the outdated pods and reports whether new ones have to wait
// until these have exited.
func (l *loop) recreate(outdated []*podState) (wait bool) {
	l.remove(outdated)
	return slices.ContainsFunc(l.pods, func(m *podState) bool { return m.revision < l.revision })
}

// split sorts the active pods by whether they have the current revision.
func (l *loop) split() (updated, outdated []*podState) {
	for _, m := range l.active() {
		if m.revision == l.revision {
			updated = append(updated, m)
		} else {
			outdated = append(outdated, m)
		}
	}
	return updated, outdated
}

func (l *loop) podCounts(updated, outdated []*podState) podCounts {
	surge, unavailable := fenceposts(l.cfg.Workload.Strategy, l.replicas)
	return podCounts{
		replicas: l.replicas, surge: surge, unavailable: unavailable,
		updated: len(updated), updatedServing: l.countAvailable(updated),
		outdated: len(outdated), outdatedServing: l.countAvailable(outdated),
	}
}

func (l *loop) countAvailable(pods []*podState) int {
	n := 0
	for _, m := range pods {
		if l.available(m) {
			n++
		}
	}
	return n
}

func (l *loop) create() { l.add(&podState{revision: l.revision}) }
