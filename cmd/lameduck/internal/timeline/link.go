package timeline

import (
	"cmp"
	"slices"
	"time"
)

// link is one connection, and all that happened on it.
type link struct {
	attempts []*Attempt
	pod      string // named by sight
	opened   time.Duration
	answered time.Duration // the last answer of any kind was complete, or Never
	asked    time.Duration // when the last attempt began
	ended    time.Duration // noticed by the client, or Never
	how      End
	severed  bool // in the middle of an attempt
	hung     bool // until the client gave up
	failing  bool // answered 5xx last
}

func (l *link) add(a *Attempt) {
	l.attempts = append(l.attempts, a)
	if a.Pod != "" && l.pod == "" {
		l.pod = a.Pod
	}
	l.opened = min(l.opened, a.Started)
	if !a.Dropped() || a.Cause == Status5xx {
		l.answered = max(l.answered, a.Ended)
	}
	if a.Started < l.asked {
		return
	}
	l.asked, l.ended, l.how = a.Started, Never, a.End
	l.hung = a.Cause == Timeout
	l.failing = a.Cause == Status5xx
	l.severed = a.Cause == Reset || a.Cause == EOF || a.Cause == Truncated || a.Cause == Unreachable
	switch {
	case l.severed || l.hung || l.failing:
		l.ended = a.Ended
	case a.End != Open:
		l.ended = a.EndedConn
	}
}

// queued reports whether the server's kernel took the connection, and then
// nobody did.
func (l *link) queued() bool { return l.hung && l.answered == Never }

func (l *link) belongsTo(pod string, by By) {
	for _, a := range l.attempts {
		if a.Pod == "" {
			a.Pod, a.PodBy = pod, by
		}
	}
}

// settleLinks names the connections, and learns from them until when each pod
// took new ones and when it stopped.
func (in *inference) settleLinks() {
	slices.SortStableFunc(in.links, func(a, b *link) int { return cmp.Compare(a.ended, b.ended) })
	for _, l := range in.links {
		pod, by := l.pod, ByExclusion
		if pod == "" {
			pod, by = in.podOf(l)
		}
		if pod == "" {
			continue
		}
		l.belongsTo(pod, by)
		p := in.byName[pod]
		if p == nil || by == ByLikelihood {
			continue
		}
		if l.answered != Never {
			p.took = max(p.took, l.opened)
		}
		if l.severed {
			p.cutAt(l.ended)
		}
	}
}

// cutAt sharpens an exit: the kernel ends all connections of a process with
// it, at a moment that their clients know exactly.
func (p *presence) cutAt(at time.Duration) {
	n := len(p.exits)
	if n == 0 || p.exits[n-1].back != Never {
		return
	}
	last := p.exits[n-1]
	if at >= last.from-echo && at <= last.to && (p.stopped == last.to || at > p.stopped) {
		p.stopped = at
	}
}

func (in *inference) podOf(l *link) (string, By) {
	var possible []*presence
	for _, p := range in.pods {
		if p.possible(l) {
			possible = append(possible, p)
		}
		if len(possible) > 1 && in.undecided(l) {
			return "", BySight
		}
	}
	switch {
	case len(possible) == 0:
		return "", BySight
	case len(possible) == 1:
		return possible[0].Name, ByExclusion
	case l.how == Goodbye, l.failing:
		return lastTold(possible, l.ended)
	}
	if pod, by := l.nearestExit(possible); pod != "" {
		return pod, by
	}
	return lastTold(possible, l.ended)
}

// undecided reports whether nothing of the connection tells one of several
// possible pods from another: it did not end, its end is a habit of the server,
// or (see settleDials) more is to be known first.
func (in *inference) undecided(l *link) bool {
	return l.ended == Never || l.queued() || l.how == Goodbye && in.goodbyes || l.failing && in.errors
}

// nearestExit is the pod whose exit may have ended the connection. One that
// was idle ended between its last answer and the moment its client looked,
// one that hung at any time in between. An exit cuts everything at one moment:
// what is cut at another belongs to another exit if there is one.
func (l *link) nearestExit(possible []*presence) (pod string, by By) {
	since := l.ended
	switch {
	case l.hung:
		since = l.asked
	case !l.severed && l.answered != Never:
		since = l.answered
	}
	var best *exit
	plausible := 0
	for _, p := range possible {
		x := p.exitBetween(since, l.ended)
		if x == nil {
			continue
		}
		plausible++
		if best == nil || x.fits(l.ended) < best.fits(l.ended) {
			pod, best = p.Name, x
		}
	}
	if best != nil && l.severed && best.cut == Never {
		best.cut = l.ended
	}
	by = ByLikelihood
	if plausible == 1 && l.severed {
		by = ByExclusion
	}
	return pod, by
}

// exitBetween is its exit that may have been between two moments, or nil.
func (p *presence) exitBetween(since, until time.Duration) *exit {
	for i := range p.exits {
		if x := &p.exits[i]; x.from-echo <= until && x.to+echo >= since {
			return x
		}
	}
	return nil
}

// fits says how badly the moment fits the exit, 0 best: the moment at which it
// cut others, an exit of which no cut is known yet, any other.
func (x *exit) fits(at time.Duration) int {
	switch {
	case x.cut != Never && (at-x.cut).Abs() <= echo:
		return 0
	case x.cut == Never:
		return 1
	}
	return 2
}

// lastTold is the pod that was terminating, of several the last that was told.
func lastTold(possible []*presence, at time.Duration) (string, By) {
	leaving := slices.DeleteFunc(slices.Clone(possible), func(p *presence) bool { return !p.leaving(at) })
	switch len(leaving) {
	case 0:
		return "", BySight
	case 1:
		return leaving[0].Name, ByExclusion
	}
	return slices.MaxFunc(leaving, func(a, b *presence) int { return int(a.told - b.told) }).Name, ByLikelihood
}
