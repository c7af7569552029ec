package diagnose

import (
	"cmp"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// diagnosed is the diagnosis of a run in memory, whose attempts have their pods.
func diagnosed(run *timeline.Run) finding.Diagnosis {
	order := make([]*timeline.Attempt, len(run.Attempts))
	for i := range run.Attempts {
		order[i] = &run.Attempts[i]
	}
	slices.SortStableFunc(order, func(a, b *timeline.Attempt) int { return cmp.Compare(a.Started, b.Started) })
	d, err := Run(run, func(next func(*timeline.Attempt)) error {
		for _, a := range order {
			next(a)
		}
		return nil
	})
	if err != nil {
		panic(err) // memory has no errors
	}
	return d
}

// attributed is a run in memory with the pods of its attempts.
func attributed(run *timeline.Run) *timeline.Run {
	attempts, err := attribute.Run(run, run.InMemory)
	named := *run
	named.Attempts = make([]timeline.Attempt, 0, len(run.Attempts))
	if err == nil {
		err = attempts(func(a *timeline.Attempt) { named.Attempts = append(named.Attempts, *a) })
	}
	if err != nil {
		panic(err)
	}
	return &named
}

// Findings and Recommend are the parts of a diagnosis that most tests look at.

func Findings(run *timeline.Run) []finding.Finding { return diagnosed(withClasses(run)).Findings }

func Recommend(run *timeline.Run) finding.Recommendation {
	return diagnosed(withClasses(run)).Recommend
}

// withClasses gives attempts that tests made of causes the class and phase that
// the engine of HTTP/1 gives.
func withClasses(run *timeline.Run) *timeline.Run {
	for i := range run.Attempts {
		withClass(&run.Attempts[i])
	}
	return run
}

func withClass(a *timeline.Attempt) {
	if a.Class == "" {
		a.Class = a.Cause.Class()
	}
	switch {
	case a.Started == never:
	case a.Cause == timeline.Refused || a.Cause == timeline.DialTimeout || a.Dropped() && a.Conn == 0:
		a.Phase = timeline.DialPhase
	case a.Cause == timeline.Truncated || a.Dropped() && a.Bytes > 0:
		a.Phase = timeline.ReceivePhase
	case a.Dropped():
		a.Phase = timeline.WaitPhase
	}
}
