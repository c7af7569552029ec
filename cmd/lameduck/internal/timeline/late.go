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

// LateArrivals folds the attempts into one Late for every pod that has a T0.
func LateArrivals(run *Run) map[string]Late {
	began := map[string]time.Duration{}
	late := map[string]Late{}
	for _, p := range Pods(run.Events) {
		if t0 := p.T0(); t0 != Never {
			began[p.Name] = t0
			late[p.Name] = Late{LastConnection: Never, LastRequest: Never}
		}
	}
	for i := range run.Attempts {
		a := &run.Attempts[i]
		if t0, ok := began[a.Pod]; ok && !a.Control && a.PodBy != Probable && a.Started >= t0 {
			l := late[a.Pod]
			l.Add(a, a.Started-t0)
			late[a.Pod] = l
		}
	}
	return late
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
