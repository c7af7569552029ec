// Package output writes what the linter found: for people, for programs, and in formats
// that others have specified.
package output

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/gather"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Result is what was read and what was found in it.
type Result struct {
	*gather.Manifests
	Findings []lint.Finding
	FailOn   lint.Severity // the least severe finding that makes the check fail
}

// Fails reports whether the check fails because of f.
func (r *Result) Fails(f *lint.Finding) bool {
	return slices.Index(lint.Severities, f.Severity) >= slices.Index(lint.Severities, r.FailOn)
}

// line is the text of the line that f is about.
func (r *Result) line(f *lint.Finding) string {
	if file := r.File(f.File); file != nil {
		return file.Line(f.Line)
	}
	return ""
}

// reasons are the skipped documents by their reason; order has the reasons by
// their first document.
func reasons(all []object.Skipped) (order []string, by map[string][]object.Skipped) {
	by = map[string][]object.Skipped{}
	for _, s := range all {
		if by[s.Why] == nil {
			order = append(order, s.Why)
		}
		by[s.Why] = append(by[s.Why], s)
	}
	return order, by
}
