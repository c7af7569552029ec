package diagnose

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Findings and Recommend are the parts of a diagnosis that most tests look at.

func Findings(run *timeline.Run) []finding.Finding { return Run(withClasses(run)).Findings }

func Recommend(run *timeline.Run) finding.Recommendation { return Run(withClasses(run)).Recommend }

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
