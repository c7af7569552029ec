package diagnose

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"
)

const forever time.Duration = math.MaxInt64

// until is so long after the moment, or forever if the moment did not come.
func until(at, after time.Duration) time.Duration {
	if at == never {
		return forever
	}
	return at + after
}

// period is a time during which something was true of one pod, both ends
// included.
type period struct {
	from, to time.Duration
	pod      int
}

// anyPod is an index that no pod has.
const anyPod = -1

// periods answers, without a pass over all of them, whether one of many periods
// overlaps a time: there are as many periods as pods, and the question is asked
// for each attempt.
type periods struct {
	all    []period // in order of their start
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
	cur := ends{math.MinInt64, math.MinInt64, anyPod}
	for _, x := range all {
		cur = cur.with(x)
		p.latest = append(p.latest, cur)
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

// overlap reports whether a period of any pod but the excepted one overlaps the
// time between the two moments.
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
