package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// rule is one mistake that can be seen in manifests.
type rule struct {
	id string // kebab-case and stable
	// title is the mistake in a few words, why explains how it drops connections, sources
	// specify that. lameduck explain and docs/RULES.md show all three.
	title, why string
	sources    []string
	severity   Severity // of its findings, unless one has another
	check      func(*model.Set, *report)
}

// eachWorkload makes a check of all workloads from a check of one.
func eachWorkload(check func(*model.Workload, *report)) func(*model.Set, *report) {
	return func(s *model.Set, r *report) {
		for _, w := range s.Workloads {
			check(w, r)
		}
	}
}

// eachBudget makes a check of all budgets from a check of one.
func eachBudget(check func(*model.Budget, *report)) func(*model.Set, *report) {
	return func(s *model.Set, r *report) {
		for _, b := range s.Budgets {
			check(b, r)
		}
	}
}

// report collects the findings of one rule.
type report struct {
	rule  *rule
	set   *model.Set
	ids   []string // of all rules
	found []*Finding
}

// add adds a finding about o at the place of v, or of o where v has none, with the
// severity of the rule. summary is one sentence without a full stop.
func (r *report) add(o *object.Object, v object.Value, summary string, args ...any) *Finding {
	at := v.Pos()
	if at == (object.Pos{}) {
		at = o.Pos()
	}
	f := &Finding{
		ID: r.rule.id, Severity: r.rule.severity, Object: o.String(), object: o,
		File: o.File().Name, Line: at.Line, Column: at.Column,
		Summary: fmt.Sprintf(summary, args...),
	}
	r.found = append(r.found, f)
	return f
}
