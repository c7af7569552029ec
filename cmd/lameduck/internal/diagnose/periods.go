package diagnose

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"
)

const forever time.Duration = math.MaxInt64

// period is a time during which something was true of one pod, both ends
// included.
type period struct {
	from, to time.Duration
	pod      int
}

// anyPod is the pod that no period is of.
const anyPod = -1

// periods answers, without a look at each of them, whether one of many periods
// overlaps a time: there are as many as pods, and the question is asked of
// each attempt.
type periods struct {
	all    []period // in order of their begin
	latest []ends   // of all[:i+1]
}

// ends is when the last of some periods ends, and when the last one of any
// other pod does.
type ends struct {
	last, other time.Duration
	pod         int
}

func newPeriods(all []period) *periods {
	slices.SortFunc(all, func(a, b period) int { return cmp.Compare(a.from, b.from) })
	p := &periods{all: all}
	so := ends{math.MinInt64, math.MinInt64, anyPod}
	for _, x := range all {
		so = so.with(x)
		p.latest = append(p.latest, so)
	}
	return p
}

func (e ends) with(x period) ends {
	switch {
	case x.pod == e.pod:
		e.last = max(e.last, x.to)
	case x.to > e.last:
		e = ends{last: x.to, other: e.last, pod: x.pod}
	default:
		e.other = max(e.other, x.to)
	}
	return e
}

// overlap reports whether a period of any pod but the one excepted has a
// moment between the two, or is around them.
func (p *periods) overlap(from, to time.Duration, except int) bool {
	n := sort.Search(len(p.all), func(i int) bool { return p.all[i].from > to })
	if n == 0 {
		return false
	}
	e := p.latest[n-1]
	if e.pod == except {
		return e.other >= from
	}
	return e.last >= from
}
