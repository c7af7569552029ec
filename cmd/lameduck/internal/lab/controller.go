package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// active are the pods that are not terminating.
func (l *loop) active() []*podState {
	return slices.DeleteFunc(slices.Clone(l.pods), func(m *podState) bool { return m.deleted })
}

// reconcile is the controller of the workload.
func (l *loop) reconcile() {
	switch l.cfg.Workload.Kind {
	case statefulSet:
		l.reconcileStatefulSet()
	case daemonSet:
		l.reconcileDaemonSet()
	default:
		l.reconcileDeployment()
	}
}

const (
	statefulSet = "StatefulSet"
	daemonSet   = "DaemonSet"
)

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

func (l *loop) available(m *podState) bool { return m != nil && m.available(l.cfg.Workload.MinReady) }

func (l *loop) create() { l.add(&podState{revision: l.revision}) }

// add creates the pod. A pod of a StatefulSet has the name of the one before
// it; in the record it is numbered, as in web-0#2.
func (l *loop) add(m *podState) {
	l.created++
	m.number = l.created
	m.object = l.cfg.podName(m.number)
	if w := l.cfg.Workload; w.Kind == statefulSet {
		m.object = l.cfg.podName(w.Strategy.FirstOrdinal + m.ordinal)
	}
	l.sameName[m.object]++
	m.name = m.object
	if n := l.sameName[m.object]; n > 1 {
		m.name = fmt.Sprintf("%s#%d", m.object, n)
	}
	l.pods = append(l.pods, m)
	l.watch(m)
	l.running++
	go l.run(m)
}

// remove is the API's delete. The kubelet receives it a little later, without
// waiting for the slice controller.
func (l *loop) remove(pods []*podState) {
	for _, m := range pods {
		m.deleted = true
		l.emit(timeline.Event{Pod: m.name, Kind: timeline.Deleted})
		l.later(between(l.kubeletLag, kubeletLagMin, kubeletLagMax), func() {
			m.kubeletKnows = true
			l.terminate(m)
		})
	}
	l.sweep()
}

// terminate passes the delete to the pod as soon as it has started.
func (l *loop) terminate(m *podState) {
	if m.kubeletKnows && m.process != nil {
		m.process.Terminate(l.cfg.Workload.Pod.Grace)
	}
}

func (l *loop) started(m *podState, p process) {
	m.process = p
	l.terminate(m)
}

// startFailed is the end of a pod that could not be started. There is nothing
// to wait for.
func (l *loop) startFailed(m *podState, err error) {
	l.end(m)
	l.finish(err)
}

// podEnded is the end of a pod after all containers have exited.
func (l *loop) podEnded(m *podState, err error) {
	l.end(m)
	if err != nil {
		l.closeErrs = append(l.closeErrs, err)
	}
}

// end removes a pod that has exited from the endpoints. A pod that was not
// deleted remains as an object, so that it is not replaced endlessly.
func (l *loop) end(m *podState) {
	l.running--
	m.process, m.ended = nil, true
	l.sweep()
}

func (l *loop) sweep() {
	l.pods = slices.DeleteFunc(l.pods, func(m *podState) bool { return m.deleted && m.ended })
}
