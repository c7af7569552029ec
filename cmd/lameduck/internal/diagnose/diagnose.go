// Package diagnose finds the faults behind the drops of a run. It is pure: it
// makes a Diagnosis from a timeline.Run, and does nothing else.
//
// It computes the facts of each pod first, then those of each drop, in one pass
// over the attempts; then it asks the rules (see rules). A pod whose
// termination is faulty as a whole (the process exits at once, closes its
// listener, is killed) has one fault, and every drop of it from T0 on is a
// consequence. For a pod that kept serving after T0, each drop is judged by
// itself. Every drop belongs to exactly one finding; a drop that no rule
// explains belongs to "unexplained".
//
// Every moment is a window that already contains the inaccuracy of its
// observer (observer.go), so that no rule adds a tolerance. Where an answer is
// unsure the likely one is taken, and the finding rests on it: a result in
// which no finding is certain is inconclusive.
//
// # Add a rule
//
// One file, named by the ID of the rule with underscores, has its value: title,
// why, sources, which drops it explains, when it holds for a pod if it is the fault of a
// whole pod, evidence and fix. One line in rules.go gives it its place, with the reason for it. If
// it needs a fact that podFacts and dropFacts do not have, the fact is computed
// there, once, and not in the rule. Its cases go into the table faults of
// diagnose_test.go (a simulated server) or of rules_test.go (a run made by
// hand). `go generate ./internal/diagnose` writes docs/FINDINGS.md again.
package diagnose

import (
	"cmp"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Run diagnoses a run. Its attempts come one by one, in the order in which they began or
// ended; those of the run itself are not read. What it keeps of them grows
// with the drops, the pods, and the connections that were used while their pod terminated:
// about 100 bytes for each of those. The error is that of attempts.
func Run(run *timeline.Run, attempts timeline.Attempts) (finding.Diagnosis, error) {
	s, err := newRunFacts(run, attempts)
	if err != nil {
		return finding.Diagnosis{}, err
	}
	found, doubts := s.findings()
	d := finding.Diagnosis{Statuses: s.load.statuses, Findings: found, Recommend: s.recommended}
	s.judge(&d, doubts)
	return d, nil
}

func ruleOf(d *dropFacts) int {
	return slices.IndexFunc(rules, func(r rule) bool { return r.explains(d) })
}

// findings are what the rules have found, and for each finding why it is not
// certain.
func (s *runFacts) findings() ([]finding.Finding, []doubt) {
	matches := make([]match, len(rules))
	for i := range rules {
		matches[i] = newMatch(s, rules[i].affectedPods(s))
	}
	for _, d := range s.drops {
		i := ruleOf(d)
		if d.notStarted() {
			i = ruleOf(s.hungAt(d))
		}
		matches[i].add(d)
	}
	var found []finding.Finding
	var doubts []doubt
	for i, m := range matches {
		if len(m.drops)+len(m.pods) > 0 {
			f, d := rules[i].finding(&m), rules[i].doubt(&m)
			f.Doubt = d.reason
			found, doubts = append(found, f), append(doubts, d)
		}
	}
	slices.SortStableFunc(found, byWeight)
	return found, doubts
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
