package model

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// Guarded is how many pods a budget counts while nothing is wrong.
type Guarded struct {
	Pods      int
	Known     bool
	sized     bool   // false: an autoscaler elsewhere may set another number
	Scaler    string // the autoscaler whose minimum counts, "" if none does
	Bare      bool   // no controller has made any of them
	Workloads int
}

// Guards counts the pods that b selects. Objects of the same name are one workload,
// for several environments: the fewest count.
func (b *Budget) Guards() Guarded {
	g := Guarded{Known: true, sized: true, Bare: true}
	counts := map[string]int{}
	for _, w := range b.Workloads {
		n, known := w.Replicas()
		if before, twice := counts[w.String()]; twice {
			n = min(n, before)
		}
		counts[w.String()] = n
		g.Known = g.Known && known
		g.sized = g.sized && w.Sized()
		g.Bare = g.Bare && w.Kind == "Pod"
		if w.Scaler != nil {
			g.Scaler = w.Scaler.String()
		}
	}
	for _, n := range counts {
		g.Pods += n
	}
	g.Workloads = len(counts)
	return g
}

// NeverAllows is why b allows no eviction, with the arithmetic; "" if it allows one,
// or if that depends on what is not known. certain is false where the number of
// pods may be another.
func (b *Budget) NeverAllows() (why string, certain bool) {
	g := b.Guards()
	most, least := b.Get("spec", "maxUnavailable"), b.Get("spec", "minAvailable")
	switch {
	case !most.Present() && !least.Present():
		return "it has neither maxUnavailable nor minAvailable", true
	case most.Present():
		a, ok := AmountOf(most)
		switch {
		case ok && a.Value == 0:
			return fmt.Sprintf("maxUnavailable %v", a), true
		case ok && g.Bare && g.Workloads > 0:
			return "maxUnavailable counts the pods of controllers only, and no controller has made these", true
		}
		return "", false
	}
	a, ok := AmountOf(least)
	switch {
	case !ok:
		return "", false
	case a.Percent && a.Value >= 100:
		return fmt.Sprintf("minAvailable %v", a), true
	case !g.Known || g.Pods == 0 || a.of(g.Pods, true) < g.Pods:
		return "", false
	case a.Percent:
		return fmt.Sprintf("minAvailable %v of %s, rounded up, is %d", a, finding.Count(g.Pods, "pod"), a.of(g.Pods, true)), g.sized
	}
	return fmt.Sprintf("minAvailable %v of %s", a, finding.Count(g.Pods, "pod")), g.sized
}
