package report

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/diagnose"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Run is the report of a run with these attempts. Attribution, diagnosis and the counts of
// the report are folds over the attempts, which are read twice and never held together,
// wherever they come from: a run that has just been made, or one that was saved. The error
// is that of recorded.
func Run(run *timeline.Run, recorded timeline.Attempts) (*Report, error) {
	attempts, err := attribute.Run(run, recorded)
	if err != nil {
		return nil, err
	}
	counts := NewCounts(run)
	found, err := diagnose.Run(run, counts.Of(attempts))
	if err != nil {
		return nil, err
	}
	return New(counts, found), nil
}
