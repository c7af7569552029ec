package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const never = timeline.Never

// scene is a run, sorted for judging.
type scene struct {
	run         *timeline.Run
	lives       []*life // in order of their start
	byName      map[string]*life
	firstFailed *life         // the first that started and was given up waiting for, or nil
	ofAny       conduct       // how any pod terminates
	up          *periods      // when each pod was ready
	departures  []departure   // in order
	drops       []*drop       // in order of their end
	hung        []*drop       // those that hung
	longestHang time.Duration // of those
	advised     finding.Recommendation
	late        map[string]timeline.Late
	keeping     map[string]bool // the patterns that used a connection twice
	firstStart  time.Duration   // of the attempts
	lastStart   time.Duration   // when the last attempt began: later events met no traffic
	served      bool            // some pod answered some attempt
	nameless    bool            // some answers cannot be tied to a pod
	overload    string          // the finding that explains time-outs all over the run, or ""
	lag         *lag            // of this machine
	shownLag    *lag            // as answers that came late show it
}

// drop is a failed attempt and what is known around it.
type drop struct {
	*timeline.Attempt
	*scene
	life     *life         // of its pod; of a gap: the pod that went last, or nil
	gap      bool          // the Service had no endpoint
	previous time.Duration // when the answer before it on its connection was complete, or never
}

// unstarted reports whether it was never begun: too many others hung.
func (d *drop) unstarted() bool { return d.Started == never }

// late reports whether it ended after the termination of its pod began.
func (d *drop) late() bool {
	return !d.gap && d.life != nil && d.life.t0 != never && d.Ended >= d.life.t0-slack
}

func read(run *timeline.Run) *scene {
	pods, late := timeline.Pods(run.Events), timeline.LateArrivals(run)
	s := &scene{run: run, byName: map[string]*life{}, keeping: map[string]bool{}, lastStart: never,
		advised: recommend(run, pods, late), late: late, lag: newLag(run.Attempts, true), shownLag: newLag(run.Attempts, false)}
	for _, p := range pods {
		s.enter(newLife(p, run.Accuracy))
	}
	for _, e := range run.Events {
		s.byName[e.Pod].witness(e)
	}
	attempts := byStart(run.Attempts)
	for _, a := range attempts {
		if a.Started != never {
			s.firstStart = a.Started
			break
		}
	}
	for _, a := range attempts {
		s.hear(a)
	}
	for _, l := range s.lives {
		l.settleExit()
	}
	s.overload = s.whatIsBusy(attempts)
	for _, l := range s.lives {
		l.closed = l.whenClosed()
	}
	s.agree()
	s.conclude()
	for _, l := range s.lives {
		l.verdict = s.judge(l)
	}
	s.gather(attempts)
	return s
}

// conclude works out what is asked again and again, once all moments are
// settled: of each pod, and of all of them together.
func (s *scene) conclude() {
	var up []period
	for _, l := range s.lives {
		l.conduct = l.seenConduct()
		s.ofAny = s.ofAny.or(l.conduct)
		up = append(up, l.upTimes()...)
		if l.failed && (s.firstFailed == nil || l.Started < s.firstFailed.Started) {
			s.firstFailed = l
		}
	}
	s.up = newPeriods(up)
	s.departures = s.orderOfLeaving()
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

func (s *scene) enter(l *life) *life {
	l.scene, l.index = s, len(s.lives)
	s.lives = append(s.lives, l)
	s.byName[l.Name] = l
	return l
}

// hear files an attempt under its pod, also one that no event told of.
func (s *scene) hear(a *timeline.Attempt) {
	s.lastStart = max(s.lastStart, a.Started)
	s.served = s.served || !a.Dropped()
	s.nameless = s.nameless || !a.Dropped() && a.Pod == ""
	if a.Reused {
		s.keeping[a.Pattern] = true
	}
	if a.Pod == "" {
		return
	}
	l := s.byName[a.Pod]
	if l == nil {
		l = s.enter(newLife(timeline.NoPod(a.Pod), s.run.Accuracy))
	}
	l.hear(a)
}

func (s *scene) judge(l *life) string {
	for _, r := range rules {
		if r.convicts != nil && r.convicts(l) {
			return r.id
		}
	}
	return ""
}

// gather collects the drops, each with the answer that came before it on its
// connection.
func (s *scene) gather(attempts []*timeline.Attempt) {
	answered := map[uint64]time.Duration{}
	since := never // new connections have been turned away and none served
	for _, a := range attempts {
		if !a.Dropped() {
			answered[a.Conn] = a.Ended
			if !a.Reused {
				since = never
			}
			continue
		}
		d := &drop{Attempt: a, scene: s, life: s.byName[a.Pod], previous: never}
		if at, ok := answered[a.Conn]; ok && a.Conn != 0 {
			d.previous = at
		}
		if at, away := turnedAway(a); away && a.Conn == 0 {
			if since == never {
				since = at
			}
			d.fallThrough(since)
		}
		s.drops = append(s.drops, d)
	}
	slices.SortStableFunc(s.drops, func(a, b *drop) int { return cmp.Compare(a.Ended, b.Ended) })
	for _, d := range s.drops {
		if hangs(d.Attempt) && !d.unstarted() {
			s.hung = append(s.hung, d)
			s.longestHang = max(s.longestHang, d.Ended-d.Started)
		}
	}
}

// fallThrough sees whether the drop met a Service without any endpoint. Where
// the pod is only concluded that may be so as well: it had served on and left,
// and there was no other pod when new connections began to be turned away.
func (d *drop) fallThrough(since time.Duration) {
	switch {
	case d.Pod == "":
		d.gap, d.life = true, d.lastToGo(d.Ended)
	case d.PodBy != timeline.BySight && d.life != nil && d.life.verdict == "" && d.life.t0 != never && since >= d.life.t0 && !d.anotherReady(d.life, since):
		d.gap = true
	}
}

// anotherReady reports whether clients could have been sent to another pod.
func (s *scene) anotherReady(than *life, at time.Duration) bool {
	return s.up.overlap(at, at, than.index)
}

// hungAt is an attempt that hung when d was due, which is why d was not
// started: it shares its explanation. d itself if there is none.
func (s *scene) hungAt(d *drop) *drop {
	first, _ := slices.BinarySearchFunc(s.hung, d.Scheduled, func(h *drop, at time.Duration) int { return cmp.Compare(h.Ended, at) })
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
