package timeline

import "time"

// Late is what still arrived at one pod after its T0. Every attempt that was
// routed to the pod counts, served or not: a refused dial is a connection that
// was still routed there. An attempt whose pod is only probable does not count.
type Late struct {
	Connections    int
	Requests       int           // on new and on kept connections
	LastConnection time.Duration // how long after T0 the last new connection began, or Never
	LastRequest    time.Duration // how long after T0 the last request began, or Never
}

// LateArrivals has a Late for every pod that has a T0.
type LateArrivals map[string]*lateAtPod

type lateAtPod struct {
	t0 time.Duration
	Late
}

// NewLateArrivals has the pods, and no attempt yet.
func NewLateArrivals(events []Event) LateArrivals {
	all := LateArrivals{}
	for _, p := range Pods(events) {
		if t0 := p.T0(); t0 != Never {
			all[p.Name] = &lateAtPod{t0, Late{LastConnection: Never, LastRequest: Never}}
		}
	}
	return all
}

// Add counts an attempt, if it is late.
func (l LateArrivals) Add(a *Attempt) {
	if p := l[a.Pod]; p != nil && !a.Control && a.PodBy != Probable && a.Started >= p.t0 {
		p.Late.Add(a, a.Started-p.t0)
	}
}

// Add counts an attempt that began so long after T0.
func (l *Late) Add(a *Attempt, since time.Duration) {
	l.Requests++
	l.LastRequest = max(l.LastRequest, since)
	if !a.Reused {
		l.Connections++
		l.LastConnection = max(l.LastConnection, since)
	}
}
