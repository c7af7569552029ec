package diagnose

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// inferCloseTimes gives each pod whose close of the listener is not certain the
// time that the quickest certain pod took after T0, or else the quickest pod.
func (s *runFacts) inferCloseTimes() {
	if s.run.Accuracy == 0 {
		return
	}
	model := s.firstClosed(true)
	if model == nil {
		model = s.firstClosed(false)
	}
	if model == nil {
		return
	}
	after := model.closed - model.t0
	for _, p := range s.pods {
		if at := p.t0 + after; p.t0 != never && !p.closedSure && !p.acceptedAfter(at) && (p.Exited == never || at <= p.Exited) {
			p.closed = at
		}
	}
}

// closedAtExit reports whether the pod accepted new connections until it
// exited.
func (p *podFacts) closedAtExit() bool {
	return p.Exited != never && p.closed >= p.Exited-p.exitError-clockSlack
}

// firstClosed is the pod that closed its listener soonest after T0 and kept
// running, or nil.
func (s *runFacts) firstClosed(sureOnly bool) *podFacts {
	var first *podFacts
	for _, p := range s.pods {
		if p.closed == never || sureOnly && !p.closedSure || p.evictedWithoutNotice() || p.closedAtExit() {
			continue
		}
		if first == nil || p.closed-p.t0 < first.closed-first.t0 {
			first = p
		}
	}
	return first
}

// acceptedAfter reports whether the pod surely accepted a new connection later.
func (p *podFacts) acceptedAfter(at time.Duration) bool {
	return slices.ContainsFunc(p.attempts, func(a *timeline.Attempt) bool {
		return !a.Reused && !a.Dropped() && a.PodBy != timeline.Probable && a.Started > at+clockSlack
	})
}
