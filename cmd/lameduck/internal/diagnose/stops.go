package diagnose

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// lastStopped is the pod that stopped last before the moment, or nil.
func lastStopped(stops []podStop, at time.Duration) *podFacts {
	n := sort.Search(len(stops), func(i int) bool { return stops[i].at > at })
	if n == 0 {
		return nil
	}
	return stops[n-1].pod
}

// orderStops replays the stops of all pods.
func orderStops(pods []*podFacts) []podStop {
	var all []podStop
	for _, p := range pods {
		all = append(all, p.stops()...)
	}
	slices.SortStableFunc(all, func(a, b podStop) int { return cmp.Compare(a.at, b.at) })
	var last *podFacts
	for i := range all {
		d := &all[i]
		switch {
		case d.pod.lastStopBefore(d.at) != d.at:
			last = searchLastStopped(pods, d.at) // its events are not in order
		case last == nil || last.lastStopBefore(d.at) < d.at || last.index < d.pod.index:
			last = d.pod
		}
		d.pod = last
	}
	return all
}

// searchLastStopped looks at every pod; of two that stopped at the same moment
// it is the later one by start.
func searchLastStopped(pods []*podFacts, at time.Duration) *podFacts {
	var last *podFacts
	for _, p := range pods {
		if gone := p.lastStopBefore(at); gone != never && (last == nil || gone >= last.lastStopBefore(at)) {
			last = p
		}
	}
	return last
}

// stops are the moments at which lastStopBefore changes.
func (p *podFacts) stops() []podStop {
	var all []podStop
	for _, o := range p.outages {
		all = append(all, podStop{o.from.latest, p})
	}
	if stopped := p.stopped(); p.t0.came() && stopped.came() {
		all = append(all, podStop{stopped.latest, p})
	}
	return all
}

// mayTerminate is when each pod may have been terminating, by how exactly its events are
// known: without that of its deletion, the stop signal came before it was reported.
func mayTerminate(pods []*podFacts) *periods {
	var all []period
	for _, p := range pods {
		if p.t0.came() {
			all = append(all, period{p.t0.earliest, until(p.exit.latest, 0), p.index})
		}
	}
	return newPeriods(all)
}

// mayServe is when each pod may have served, by its events: if it was ever seen to be ready, or
// an endpoint, until it had exited.
func mayServe(pods []*podFacts) *periods {
	var all []period
	for _, p := range pods {
		if p.Ready != never || p.endpoint != never {
			all = append(all, period{0, until(p.Exited, 0), p.index})
		}
	}
	return newPeriods(all)
}

// readyTimes is when the pod was ready: from the first time to its T0, except
// for its outages.
func (p *podFacts) readyTimes() []period {
	if p.Ready == never {
		return nil
	}
	var readyPeriods []period
	from, last := p.Ready, forever
	if p.t0.came() {
		last = p.earliestT0() - 1
	}
	outages := slices.SortedStableFunc(slices.Values(p.outages), func(a, b outage) int { return cmp.Compare(a.from.latest, b.from.latest) })
	for _, o := range append(outages, outage{from: exactly(forever), to: never}) {
		if to := min(o.from.latest-1, last); from <= to {
			readyPeriods = append(readyPeriods, period{from, to, p.index})
		}
		from = max(from, until(o.to, 0))
	}
	return readyPeriods
}
