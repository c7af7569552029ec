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
	run        *timeline.Run
	lives      []*life // in order of their start
	byName     map[string]*life
	drops      []*drop // in order of their end
	advised    finding.Recommendation
	late       map[string]timeline.Late
	keeping    map[string]bool // the patterns that used a connection twice
	firstStart time.Duration   // of the attempts
	lastStart  time.Duration   // when the last attempt began: later events met no traffic
	served     bool            // some pod answered some attempt
	nameless   bool            // some answers cannot be tied to a pod
	overload   string          // the finding that explains time-outs all over the run, or ""
	lag        *lag            // of this machine
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
	s := &scene{run: run, byName: map[string]*life{}, keeping: map[string]bool{}, lastStart: never,
		advised: Recommend(run), late: timeline.LateArrivals(run), lag: newLag(run.Attempts)}
	for _, p := range timeline.Pods(run.Events) {
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
	for _, l := range s.lives {
		l.verdict = s.judge(l)
	}
	s.gather(attempts)
	return s
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
	return slices.ContainsFunc(s.lives, func(l *life) bool {
		up := l.Ready != never && l.Ready <= at && (l.t0 == never || at < l.t0)
		return l != than && up && !slices.ContainsFunc(l.outages, func(o outage) bool { return o.from <= at && (o.to == never || at < o.to) })
	})
}

// hungAt is an attempt that hung when d was due, which is why d was not
// started: it shares its explanation. d itself if there is none.
func (s *scene) hungAt(d *drop) *drop {
	for _, h := range s.drops {
		hangs := h.Cause == timeline.Timeout || h.Cause == timeline.DialTimeout
		if hangs && !h.unstarted() && h.Started <= d.Scheduled && h.Ended >= d.Scheduled {
			return h
		}
	}
	return d
}

// lastToGo is the pod that went last before the moment, or nil.
func (s *scene) lastToGo(at time.Duration) *life {
	var last *life
	for _, l := range s.lives {
		if gone := l.goneBefore(at); gone != never && (last == nil || gone >= last.goneBefore(at)) {
			last = l
		}
	}
	return last
}
