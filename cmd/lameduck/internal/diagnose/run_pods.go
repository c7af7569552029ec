package diagnose

import (
	"cmp"
	"slices"
	"time"
)

// anotherReady reports whether another pod was ready for new connections.
func (s *runFacts) anotherReady(than *podFacts, at time.Duration) bool {
	return s.readyPeriods.overlap(at, at, than.index)
}

// replacementFailed reports whether a pod that should have replaced another had
// started by then, and never became ready.
func (s *runFacts) replacementFailed(by time.Duration) bool {
	return s.firstFailed != nil && s.firstFailed.Started <= by
}

// hungAt is an attempt that was waiting when d was due, which is why d was not
// started: both have the same explanation. d itself if there is none.
func (s *runFacts) hungAt(d *dropFacts) *dropFacts {
	first, _ := slices.BinarySearchFunc(s.hung, d.Scheduled, func(h *dropFacts, at time.Duration) int { return cmp.Compare(h.Ended, at) })
	for _, h := range s.hung[first:] {
		if h.Started <= d.Scheduled {
			return h
		}
		if h.Ended-s.longestHang > d.Scheduled {
			break // this and all that follow began later
		}
	}
	return d
}
