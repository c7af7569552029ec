package diagnose

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// On a cluster it is not always known which of several pods turned a client
// away, or cut it. But they run the same program, and it terminates the same
// way each time: what one is seen to do is true of all that are in doubt.

// twins are the pods whose termination shows what that of this one is: itself
// where everything is exact.
func (l *life) twins() []*life {
	if l.run.Accuracy == 0 {
		return []*life{l}
	}
	return l.lives
}

// anyTwin reports whether it is so of any twin that left at once as well.
func (l *life) anyTwin(so func(*life) bool) bool {
	return slices.ContainsFunc(l.twins(), func(t *life) bool { return t.leftAtOnce() && so(t) })
}

// agree gives pods of which it is not sure when they closed their listener the
// time that it took the quickest of which it is sure, or else the quickest.
func (s *scene) agree() {
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
	for _, l := range s.lives {
		if at := l.t0 + after; l.t0 != never && !l.sure && !l.tookAfter(at) && (l.Exited == never || at <= l.Exited) {
			l.closed = at
		}
	}
}

// afterItsExit reports whether it took new connections for as long as it
// lived.
func (l *life) afterItsExit() bool {
	return l.Exited != never && l.closed >= l.Exited-l.exitedBy-slack
}

// firstClosed is the pod that closed its listener soonest after it was told,
// and went on; or nil.
func (s *scene) firstClosed(sure bool) *life {
	var first *life
	for _, l := range s.lives {
		if l.closed == never || sure && !l.sure || l.evictedWithoutNotice() || l.afterItsExit() {
			continue
		}
		if first == nil || l.closed-l.t0 < first.closed-first.t0 {
			first = l
		}
	}
	return first
}

// tookAfter reports whether it is known to have taken a new connection later.
func (l *life) tookAfter(at time.Duration) bool {
	return slices.ContainsFunc(l.attempts, func(a *timeline.Attempt) bool {
		return !a.Reused && !a.Dropped() && a.PodBy != timeline.ByLikelihood && a.Started > at+slack
	})
}
