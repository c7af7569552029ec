package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// newRunFacts makes the facts of a run: one pass over its events, one over its
// attempts, and then what follows from both. The attempts come in the order in
// which they began or in which they ended.
func newRunFacts(run *timeline.Run, attempts timeline.Attempts) (*runFacts, error) {
	s := eventFacts(run)
	if err := attempts(s.addAttempt); err != nil {
		return nil, err
	}
	s.settle()
	return s, nil
}

// eventFacts are the facts before the first attempt.
func eventFacts(run *timeline.Run) *runFacts {
	s := &runFacts{
		observer: &observer{accuracy: attribute.NewAccuracy(run), waits: &lag{inTime: inTime}, slow: &lag{inTime: inTime}, target: responses{inTime: inTime}},
		run:      run, byName: map[string]*podFacts{}, reusesConns: map[string]bool{}, seconds: map[time.Duration]bool{},
		firstStart: never, lastStart: never, refusedSince: never,
	}
	for _, p := range timeline.Pods(run.Events) {
		s.addPod(newPodFacts(p, s.observer))
	}
	for _, e := range run.Events {
		if p := s.byName[e.Pod]; p != nil { // an action's event has none
			p.addEvent(e, s.observer)
		}
	}
	s.load, s.backlog = newLoad(run, s.pods), newBacklog(s.pods)
	s.observer.addStalls(run)
	if run.Stage == "cluster" {
		s.endpoints = mayServe(s.pods)
	}
	return s
}

func (s *runFacts) addPod(p *podFacts) *podFacts {
	p.index = len(s.pods)
	s.pods = append(s.pods, p)
	s.byName[p.Name] = p
	return p
}

// addAttempt files an attempt under its pod, also under one that has no event.
func (s *runFacts) addAttempt(a *timeline.Attempt) {
	if a.Control {
		s.control.Add(a)
		s.observer.target.add(a)
		return
	}
	if a.Started != never {
		s.firstStart = earlier(s.firstStart, a.Started)
		s.lastStart = max(s.lastStart, a.Started)
	}
	if a.Void {
		s.addVoidWait(a)
		s.addVoid(a)
		return
	}
	s.load.add(a)
	s.backlog.add(a)
	s.seconds[a.Scheduled/time.Second] = true
	s.anyServed = s.anyServed || !a.Dropped()
	s.unnamedAnswers = s.unnamedAnswers || !a.Dropped() && a.Pod == ""
	if a.Reused && !s.reusesConns[a.Pattern] {
		s.reusesConns[a.Pattern] = true
	}
	p := s.byName[a.Pod]
	if p == nil && a.Pod != "" {
		p = s.addPod(newPodFacts(timeline.UnseenPod(a.Pod), s.observer))
	}
	s.unseenEndpoint = s.unseenEndpoint || s.ofUnseenEndpoint(a, p)
	switch {
	case a.Dropped():
		s.addDrop(a, p)
	case !a.Reused:
		s.refusedSince = never
	}
	if p != nil {
		p.addAttempt(a)
	}
}

// ofUnseenEndpoint reports whether a pod responded of which it was not seen that it serves: p, or
// one that is not known.
func (s *runFacts) ofUnseenEndpoint(a *timeline.Attempt, p *podFacts) bool {
	switch {
	case s.endpoints == nil || a.Dropped():
		return false
	case p != nil:
		return p.Ready == never && p.endpoint == never
	}
	return !a.Reused && !s.endpoints.overlap(a.Started, a.Started, anyPod)
}

// addVoid notes an attempt whose failure is no evidence. What it hides is in doubt.
func (s *runFacts) addVoid(a *timeline.Attempt) {
	s.voids++
	if p := s.byName[a.Pod]; p != nil && cutByServer(a) && p.t0.came() && a.Ended >= p.t0.earliest && p.mayKnow(a) {
		p.voidCuts++
	}
}

func (s *runFacts) addDrop(a *timeline.Attempt, p *podFacts) {
	d := &dropFacts{Attempt: *a, run: s, pod: p, previous: never, refusedSince: never}
	if at, refused := notAccepted(a); refused && a.Conn == 0 {
		if s.refusedSince == never {
			s.refusedSince = at
		}
		d.refusedSince = s.refusedSince
	}
	if p != nil {
		if k := p.kept[a.Conn]; k != nil {
			d.previous = k.answered
		}
		p.drops = append(p.drops, d)
	}
	s.drops = append(s.drops, d)
}

// addVoidWait notes how long an attempt waited whose failure is no evidence: that shows
// overload all the same.
func (s *runFacts) addVoidWait(a *timeline.Attempt) {
	s.backlog.add(a)
	s.seconds[a.Scheduled/time.Second] = true
	if timedOut(a) {
		s.voidTimeouts = append(s.voidTimeouts, &dropFacts{Attempt: *a, run: s, pod: s.byName[a.Pod]})
	}
}

// settle finds out what follows, each fact from those before it.
func (s *runFacts) settle() {
	s.observer.settle()
	s.backlog.settleDelays(s.observer)
	s.notAccepting = newNotAccepting(s.pods, s.observer)
	s.backlog.settle(s.pods, s.observer.waiting)
	s.recommended = s.load.recommend(s.run, s.pods)
	for _, p := range s.pods {
		if p.exitInexact {
			p.t0 = s.observer.recorded(p.t0)
		}
		p.settleExit(s.observer)
	}
	if s.run.Stage == "cluster" {
		s.mayTerminate = mayTerminate(s.pods)
	}
	s.overload = findOverload(s)
	s.steady = steady(s.pods)
	for _, p := range s.pods {
		p.settleClosed(s.observer, s.overload != "", s.unnamedAnswers)
	}
	inferCloseTimes(s.pods)
	s.settleBehaviour()
	s.settlePods()
	s.settleDrops()
}

// settleBehaviour finds out what each pod does, and all together.
func (s *runFacts) settleBehaviour() {
	s.idleTimeout = idleTimeout(s.pods)
	var any behaviour
	for _, p := range s.pods {
		p.asked = p.firstAsked(s.reusesConns)
		p.own = p.behave(s)
		any = any.or(p.own)
	}
	unclean := anyExitsUncleanly(s.pods)
	for _, p := range s.pods {
		if any.certainly == yes && p.mayStopAtOnce() {
			p.own.stopsAtOnce, p.own.certainly = true, unsure
		}
		if p.likely = p.own; p.exitInexact {
			p.likely = p.own.or(any)
		}
		if p.likely.exitsUncleanly == unsure {
			p.likely.exitsUncleanly = unclean
		}
		p.handled = s.observer.handledBy(p.t0, p.asked)
		p.hookUsedGrace = p.usedGrace(s.run.Spec.Grace)
		p.hookStops = p.endedByHook(s.observer)
		p.stopSignal = s.run.Spec.StopSignal
		p.reloads = p.Killed != never && p.Signalled != never && p.Wrapper == "" && s.server().meansReload(&s.run.Spec)
	}
}

func (s *runFacts) settlePods() {
	var readyPeriods []period
	for _, p := range s.pods {
		readyPeriods = append(readyPeriods, p.readyTimes()...)
		if p.failed && (s.firstFailed == nil || p.Started < s.firstFailed.Started) {
			s.firstFailed = p
		}
	}
	s.readyPeriods = newPeriods(readyPeriods)
	s.stops = orderStops(s.pods)
	for _, p := range s.pods {
		p.fault = faultOf(p)
		p.doubt = p.faultDoubt(s.observer, s.run.Spec.Grace, s.unnamedAnswers)
		switch {
		case s.unseenEndpoint && p.fault != "" && p.own.certainly != yes:
			p.doubt = endpointNotSeen
		case p.fault == graceShorter && p.Killed != never && !p.doubt.any():
			p.doubt = p.doubtOfKill()
		case p.keptToReport() > 0 && !p.doubt.any():
			p.doubt = p.doubtOfListener()
		case s.overload == notKeepingUp && p.fault == "" && !p.doubt.any():
			p.doubt = handledLate
		}
	}
}

func faultOf(p *podFacts) string {
	for _, r := range rules {
		if r.holdsFor != nil && r.holdsFor(p) {
			return r.id
		}
	}
	return ""
}

func (s *runFacts) settleDrops() {
	for _, d := range s.drops {
		d.findEndpoint()
		d.class, d.doubt = classify(d)
	}
	slices.SortStableFunc(s.drops, func(a, b *dropFacts) int { return cmp.Compare(a.Ended, b.Ended) })
	for _, d := range s.drops {
		if timedOut(&d.Attempt) && !d.notStarted() {
			s.hung = append(s.hung, d)
			s.longestHang = max(s.longestHang, d.Ended-d.Started)
		}
	}
}
