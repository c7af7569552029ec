// Package diagnose says which fault is behind the drops of a run. It is pure:
// from a timeline.Run it makes findings, and does nothing else.
//
// It thinks first of each pod, then of each drop. A pod that ends badly as a
// whole (it exits at once, closes its listener, is killed) has one verdict,
// and every drop from its T0 on is a side effect of that verdict. Of a pod
// that did go on serving, each drop is judged by itself. Every drop belongs
// to exactly one finding; what no rule explains is the last one's.
package diagnose

import (
	"cmp"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Findings explains every drop of the run, and names the hazards that did no
// harm this time. The order is stable: most drops first, then the order of
// the rules; the unexplained come last. Control attempts are not judged.
func Findings(run *timeline.Run) []finding.Finding {
	found, _ := Judge(run)
	return found
}

// Judge returns the Findings of a run and what it would Recommend at once,
// which takes half as long as one after the other.
func Judge(run *timeline.Run) ([]finding.Finding, finding.Recommendation) {
	s := read(run)
	return s.findings(), s.advised
}

func (s *scene) findings() []finding.Finding {
	matters := make([]matter, len(rules))
	for i := range rules {
		matters[i] = newMatter(s, rules[i].suspects(s))
	}
	for _, d := range s.drops {
		i := ruleOf(d)
		if d.unstarted() {
			i = ruleOf(s.hungAt(d))
		}
		matters[i].add(d)
	}
	var found []finding.Finding
	for i, m := range matters {
		if len(m.drops)+len(m.lives) > 0 {
			found = append(found, rules[i].finding(&m))
		}
	}
	slices.SortStableFunc(found, byWeight)
	return found
}

func ruleOf(d *drop) int {
	return slices.IndexFunc(rules, func(r rule) bool { return r.claims(d) })
}

func byWeight(a, b finding.Finding) int {
	return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(b.Drops, a.Drops))
}

func last(f finding.Finding) int {
	if f.ID == unexplained {
		return 1
	}
	return 0
}
