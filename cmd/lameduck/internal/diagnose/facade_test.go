package diagnose

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Findings and Recommend are the parts of a Diagnosis that most tests look at.

func Findings(run *timeline.Run) []finding.Finding { return Run(run).Findings }

func Recommend(run *timeline.Run) finding.Recommendation { return Run(run).Recommend }
