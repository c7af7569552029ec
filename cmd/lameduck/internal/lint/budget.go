package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/wording"
)

// eachBudget asks about one budget after the other.
func eachBudget(check func(*budget, *report)) func(*set, *report) {
	return func(s *set, r *report) {
		for _, b := range s.budgets {
			check(b, r)
		}
	}
}

// guarded is how many pods a budget counts while nothing is wrong.
type guarded struct {
	pods      int
	known     bool
	sized     bool   // false: an autoscaler elsewhere may set another number
	scaler    string // the autoscaler whose minimum counts, "" if none does
	bare      bool   // no controller has made any of them
	workloads int
}

// guards counts the pods that b selects. Objects of the same name are one workload,
// for several environments: the fewest count.
func (b *budget) guards() guarded {
	g := guarded{known: true, sized: true, bare: true}
	counts := map[string]int{}
	for _, w := range b.workloads {
		n, known := w.replicas()
		if before, twice := counts[w.String()]; twice {
			n = min(n, before)
		}
		counts[w.String()] = n
		g.known = g.known && known
		g.sized = g.sized && w.sized()
		g.bare = g.bare && w.Kind == "Pod"
		if w.scaler != nil {
			g.scaler = w.scaler.String()
		}
	}
	for _, n := range counts {
		g.pods += n
	}
	g.workloads = len(counts)
	return g
}

// neverAllows is why b allows no eviction, with the arithmetic; "" if it allows one,
// or if that depends on what is not known. certain is false where the number of
// pods may be another.
func (b *budget) neverAllows() (why string, certain bool) {
	g := b.guards()
	most, least := b.Get("spec", "maxUnavailable"), b.Get("spec", "minAvailable")
	switch {
	case !most.Present() && !least.Present():
		return "it has neither maxUnavailable nor minAvailable", true
	case most.Present():
		a, ok := amountOf(most)
		switch {
		case ok && a.value == 0:
			return fmt.Sprintf("maxUnavailable %v", a), true
		case ok && g.bare && g.workloads > 0:
			return "maxUnavailable counts the pods of controllers only, and no controller has made these", true
		}
		return "", false
	}
	a, ok := amountOf(least)
	switch {
	case !ok:
		return "", false
	case a.percent && a.value >= 100:
		return fmt.Sprintf("minAvailable %v", a), true
	case !g.known || g.pods == 0 || a.of(g.pods, true) < g.pods:
		return "", false
	case a.percent:
		return fmt.Sprintf("minAvailable %v of %s, rounded up, is %d", a, wording.Count(g.pods, "pod"), a.of(g.pods, true)), g.sized
	}
	return fmt.Sprintf("minAvailable %v of %s", a, wording.Count(g.pods, "pod")), g.sized
}
