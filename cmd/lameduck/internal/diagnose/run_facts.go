package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const never = timeline.Never

// runFacts is what is known of a run: of its pods, its drops, and this machine.
type runFacts struct {
	run            *timeline.Run
	pods           []*podFacts // in order of their start
	byName         map[string]*podFacts
	firstFailed    *podFacts     // the first of the pods that never became ready, or nil
	anyBehaviour   behaviour     // of all pods together
	readyPeriods   *periods      // when each pod was ready
	stops          []podStop     // in order
	drops          []*dropFacts  // in order of their end
	hung           []*dropFacts  // those that timed out
	longestHang    time.Duration // of those
	recommended    finding.Recommendation
	late           map[string]timeline.Late
	reusesConns    map[string]bool // the patterns that used a connection more than once
	firstStart     time.Duration   // of the attempts
	lastStart      time.Duration   // when the last attempt began: later events met no traffic
	anyServed      bool            // some pod answered some attempt
	unnamedAnswers bool            // the pod of some responses is not known
	overload       string          // the finding that explains time-outs all over the run, or ""
	lag            *lag            // of this machine
	servedLag      *lag            // the same, by responses that were served
}

func newRunFacts(run *timeline.Run) *runFacts {
	pods, late := timeline.Pods(run.Events), timeline.LateArrivals(run)
	s := &runFacts{run: run, byName: map[string]*podFacts{}, reusesConns: map[string]bool{}, lastStart: never,
		recommended: recommend(run, pods, late), late: late, lag: newLag(run.Attempts, true), servedLag: newLag(run.Attempts, false)}
	for _, p := range pods {
		s.addPod(newPodFacts(p, run.Accuracy))
	}
	for _, e := range run.Events {
		s.byName[e.Pod].addEvent(e)
	}
	attempts := byStart(run.Attempts)
	for _, a := range attempts {
		if a.Started != never {
			s.firstStart = a.Started
			break
		}
	}
	for _, a := range attempts {
		s.addAttempt(a)
	}
	for _, l := range s.pods {
		l.refineExit()
	}
	s.overload = s.findOverload(attempts)
	for _, l := range s.pods {
		l.closed = l.listenerClosed()
	}
	s.inferCloseTimes()
	s.summarize()
	for _, l := range s.pods {
		l.fault = s.faultOf(l)
	}
	s.collectDrops(attempts)
	return s
}

// summarize computes what is asked many times, once all moments are settled:
// for each pod, and for all pods together.
func (s *runFacts) summarize() {
	var readyPeriods []period
	for _, p := range s.pods {
		p.behaviour = p.observeBehaviour()
		s.anyBehaviour = s.anyBehaviour.or(p.behaviour)
		readyPeriods = append(readyPeriods, p.readyTimes()...)
		if p.failed && (s.firstFailed == nil || p.Started < s.firstFailed.Started) {
			s.firstFailed = p
		}
	}
	s.readyPeriods = newPeriods(readyPeriods)
	s.stops = s.orderStops()
}

func byStart(all []timeline.Attempt) []*timeline.Attempt {
	var attempts []*timeline.Attempt
	for i := range all {
		if !all[i].Control {
			attempts = append(attempts, &all[i])
		}
	}
	slices.SortStableFunc(attempts, func(a, b *timeline.Attempt) int { return cmp.Compare(a.Started, b.Started) })
	return attempts
}

func (s *runFacts) addPod(p *podFacts) *podFacts {
	p.runFacts, p.index = s, len(s.pods)
	s.pods = append(s.pods, p)
	s.byName[p.Name] = p
	return p
}

// addAttempt files an attempt under its pod, also under one that has no event.
func (s *runFacts) addAttempt(a *timeline.Attempt) {
	s.lastStart = max(s.lastStart, a.Started)
	s.anyServed = s.anyServed || !a.Dropped()
	s.unnamedAnswers = s.unnamedAnswers || !a.Dropped() && a.Pod == ""
	if a.Reused {
		s.reusesConns[a.Pattern] = true
	}
	if a.Pod == "" {
		return
	}
	p := s.byName[a.Pod]
	if p == nil {
		p = s.addPod(newPodFacts(timeline.UnseenPod(a.Pod), s.run.Accuracy))
	}
	p.addAttempt(a)
}

func (s *runFacts) faultOf(p *podFacts) string {
	for _, r := range rules {
		if r.holdsFor != nil && r.holdsFor(p) {
			return r.id
		}
	}
	return ""
}

// collectDrops collects the drops, each with the response before it on its
// connection.
func (s *runFacts) collectDrops(attempts []*timeline.Attempt) {
	lastOn := map[uint64]time.Duration{}
	since := never // new connections have been refused and none served
	for _, a := range attempts {
		if !a.Dropped() {
			lastOn[a.Conn] = a.Ended
			if !a.Reused {
				since = never
			}
			continue
		}
		d := &dropFacts{Attempt: a, runFacts: s, pod: s.byName[a.Pod], previous: never}
		if at, ok := lastOn[a.Conn]; ok && a.Conn != 0 {
			d.previous = at
		}
		if at, refused := notAccepted(a); refused && a.Conn == 0 {
			if since == never {
				since = at
			}
			d.markUnrouted(since)
		}
		s.drops = append(s.drops, d)
	}
	slices.SortStableFunc(s.drops, func(a, b *dropFacts) int { return cmp.Compare(a.Ended, b.Ended) })
	for _, d := range s.drops {
		if timedOut(d.Attempt) && !d.notStarted() {
			s.hung = append(s.hung, d)
			s.longestHang = max(s.longestHang, d.Ended-d.Started)
		}
	}
}

// anotherReady reports whether another pod was ready for new connections.
func (s *runFacts) anotherReady(than *podFacts, at time.Duration) bool {
	return s.readyPeriods.overlap(at, at, than.index)
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
