// Package diagnose finds the faults behind the drops of a run. It is pure: it
// makes findings from a timeline.Run, and does nothing else.
//
// It computes the facts of each pod first, then those of each drop. A pod whose
// termination is faulty as a whole (the process exits at once, closes its
// listener, is killed) has one fault, and every drop of it from T0 on is a
// consequence. For a pod that kept serving after T0, each drop is judged by
// itself. Every drop belongs to exactly one finding; a drop that no rule
// explains belongs to "unexplained".
package diagnose

import (
	"cmp"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func ruleOf(d *dropFacts) int {
	return slices.IndexFunc(rules, func(r rule) bool { return r.explains(d) })
}

// Findings explains every drop of the run, and warns of faults that dropped
// nothing this time. The order is stable: most drops first, then the order of
// the rules; the unexplained come last. Attempts at the control target are not
// judged.
func Findings(run *timeline.Run) []finding.Finding {
	found, _ := Run(run)
	return found
}

// Run returns the Findings of a run and its Recommendation. One call takes half
// the time of two.
func Run(run *timeline.Run) ([]finding.Finding, finding.Recommendation) {
	s := newRunFacts(run)
	return s.findings(), s.recommended
}

func (s *runFacts) findings() []finding.Finding {
	matters := make([]match, len(rules))
	for i := range rules {
		matters[i] = newMatch(s, rules[i].affectedPods(s))
	}
	for _, d := range s.drops {
		i := ruleOf(d)
		if d.notStarted() {
			i = ruleOf(s.hungAt(d))
		}
		matters[i].add(d)
	}
	var found []finding.Finding
	for i, m := range matters {
		if len(m.drops)+len(m.pods) > 0 {
			found = append(found, rules[i].finding(&m))
		}
	}
	slices.SortStableFunc(found, byWeight)
	return found
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
