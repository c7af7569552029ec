package diagnose

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// departure is a moment at which a pod ceased to serve. Of all departures in
// order, pod is the one that had gone last by then.
type departure struct {
	at  time.Duration
	pod *life
}

// lastToGo is the pod that went last before the moment, or nil.
func (s *scene) lastToGo(at time.Duration) *life {
	n := sort.Search(len(s.departures), func(i int) bool { return s.departures[i].at > at })
	if n == 0 {
		return nil
	}
	return s.departures[n-1].pod
}

// orderOfLeaving replays the departures of all pods.
func (s *scene) orderOfLeaving() []departure {
	var all []departure
	for _, l := range s.lives {
		all = append(all, l.departures()...)
	}
	slices.SortStableFunc(all, func(a, b departure) int { return cmp.Compare(a.at, b.at) })
	var last *life
	for i := range all {
		d := &all[i]
		switch {
		case d.pod.goneBefore(d.at) != d.at:
			last = s.searchLastToGo(d.at) // its events are not in order
		case last == nil || last.goneBefore(d.at) < d.at || last.index < d.pod.index:
			last = d.pod
		}
		d.pod = last
	}
	return all
}

// searchLastToGo takes a look at every pod; the last by start if two are level.
func (s *scene) searchLastToGo(at time.Duration) *life {
	var last *life
	for _, l := range s.lives {
		if gone := l.goneBefore(at); gone != never && (last == nil || gone >= last.goneBefore(at)) {
			last = l
		}
	}
	return last
}

// departures are the moments at which goneBefore changes.
func (l *life) departures() []departure {
	var all []departure
	for _, o := range l.outages {
		all = append(all, departure{o.from, l})
	}
	if stop := l.stop(); l.t0 != never && stop != never {
		all = append(all, departure{stop, l})
	}
	return all
}

// upTimes is when it was ready: from the first time to its T0, except for its
// outages.
func (l *life) upTimes() []period {
	if l.Ready == never {
		return nil
	}
	var up []period
	from, last := l.Ready, forever
	if l.t0 != never {
		last = l.t0 - 1
	}
	byBegin := slices.SortedStableFunc(slices.Values(l.outages), func(a, b outage) int { return cmp.Compare(a.from, b.from) })
	for _, o := range append(byBegin, outage{from: forever, to: never}) {
		if to := min(o.from-1, last); from <= to {
			up = append(up, period{from, to, l.index})
		}
		from = max(from, until(o.to, 0))
	}
	return up
}
