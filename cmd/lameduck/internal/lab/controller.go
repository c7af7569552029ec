package lab

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// live are the pods that are not terminating.
func (l *loop) live() []*member {
	return slices.DeleteFunc(slices.Clone(l.pods), func(m *member) bool { return m.deleted })
}

// reconcile is the Deployment controller with its ReplicaSets.
func (l *loop) reconcile() {
	for {
		young, old := l.split()
		if l.cfg.Workload.Strategy.Type == "Recreate" && l.recreate(old) {
			return
		}
		c := l.census(young, old)
		switch create := c.toCreate(); {
		case create > 0:
			for range create {
				l.create()
			}
		case create < 0:
			l.remove(byVictim(young, time.Now())[:-create])
		case c.old > 0 && c.toRemove() > 0:
			l.remove(byVictim(old, time.Now())[:c.toRemove()])
		default:
			return
		}
	}
}

// recreate deletes the old pods and reports whether new ones have to wait
// until these are gone.
func (l *loop) recreate(old []*member) (wait bool) {
	l.remove(old)
	return slices.ContainsFunc(l.pods, func(m *member) bool { return m.revision < l.revision })
}

// split sorts the live pods by whether they are of the current revision.
func (l *loop) split() (young, old []*member) {
	for _, m := range l.live() {
		if m.revision == l.revision {
			young = append(young, m)
		} else {
			old = append(old, m)
		}
	}
	return young, old
}

func (l *loop) census(young, old []*member) census {
	surge, unavailable := fenceposts(l.cfg.Workload.Strategy, l.replicas)
	return census{
		replicas: l.replicas, surge: surge, unavailable: unavailable,
		young: len(young), youngServing: l.countAvailable(young),
		old: len(old), oldServing: l.countAvailable(old),
	}
}

func (l *loop) countAvailable(pods []*member) int {
	n := 0
	for _, m := range pods {
		if l.available(m) {
			n++
		}
	}
	return n
}

func (l *loop) available(m *member) bool { return m.available(l.cfg.Workload.MinReady) }

func (l *loop) create() {
	l.created++
	m := &member{number: l.created, name: l.cfg.podName(l.created), revision: l.revision}
	l.pods = append(l.pods, m)
	l.watch(m)
	l.running++
	go l.run(m)
}

// remove is the API's delete. The kubelet hears of it a little later; nobody
// waits for the slice controller.
func (l *loop) remove(pods []*member) {
	for _, m := range pods {
		m.deleted = true
		l.emit(m.name, timeline.Deleted, 0, "")
		l.later(between(l.kubeletLag, kubeletLagMin, kubeletLagMax), func() {
			m.told = true
			l.terminate(m)
		})
	}
	l.sweep()
}

// terminate passes the delete to the pod as soon as there is one.
func (l *loop) terminate(m *member) {
	if m.told && m.process != nil {
		m.process.Terminate(l.cfg.Workload.Pod.Grace)
	}
}

func (l *loop) started(m *member, p process) {
	m.process = p
	l.terminate(m)
}

// failed is the end of a pod that could not even be started. There is nothing
// to wait for.
func (l *loop) failed(m *member, err error) {
	l.end(m)
	l.finish(err)
}

// gone is the end of a pod whose containers have all ended.
func (l *loop) gone(m *member, err error) {
	l.end(m)
	if err != nil {
		l.closeErrs = append(l.closeErrs, err)
	}
}

// end takes a pod that runs no more out of the endpoints. One that was not
// deleted remains as an object, so that it is not replaced without end.
func (l *loop) end(m *member) {
	l.running--
	m.process, m.ended = nil, true
	l.sweep()
}

func (l *loop) sweep() {
	l.pods = slices.DeleteFunc(l.pods, func(m *member) bool { return m.deleted && m.ended })
}
