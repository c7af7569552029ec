package report

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Counts are what the report of a run needs of its attempts.
type Counts struct {
	run    *timeline.Run
	totals timeline.Totals
	late   timeline.LateArrivals
	lags   *attribute.Lags
}

// NewCounts begins to count the attempts of a run.
func NewCounts(run *timeline.Run) *Counts {
	return &Counts{run: run, late: timeline.NewLateArrivals(run.Events), lags: attribute.NewLags(run)}
}

// Of passes attempts on, in the order in which they began, and counts them.
func (c *Counts) Of(attempts timeline.Attempts) timeline.Attempts {
	return func(next func(*timeline.Attempt)) error {
		return attempts(func(a *timeline.Attempt) {
			c.totals.Add(a)
			c.late.Add(a)
			c.lags.Add(a)
			next(a)
		})
	}
}
