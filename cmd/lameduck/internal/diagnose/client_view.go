package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func newClientView() clientView {
	return clientView{
		firstAnswer: never, firstSent: never, lastAnswer: never, lastServed: never, lastAccepted: never, lastSurely: never, lastProgress: never, idleFor: never,
		late: timeline.Late{LastConnection: never, LastRequest: never}, kept: map[uint64]*kept{},
	}
}

// add notes an attempt. The events of the pod are known before.
func (v *clientView) add(a *timeline.Attempt, p *podFacts) {
	if failed := answeredWithError(a); failed || !a.Dropped() {
		v.addShare(a, failed, p)
	}
	if !a.Dropped() {
		v.addAnswer(a)
	}
	if a.End == timeline.Announced && a.Reused && (!p.t0.came() || a.Ended < p.earliestT0()) {
		v.asksAlways = true
	}
	if t0 := p.T0(); t0 != never && a.PodBy != timeline.Probable && a.Started >= t0 {
		v.late.Add(a, a.Started-t0)
	}
	v.addProgress(a, p)
	v.addKept(a, p)
	if a.End == timeline.FIN && !a.Dropped() && (!p.t0.came() || a.EndedConn < p.earliestT0()) {
		v.idleCloses++
		v.idleFor = earlier(v.idleFor, a.EndedConn-a.Ended)
	}
	if idle := a.End == timeline.FIN || a.End == timeline.Broken; idle && !a.Dropped() && p.exitInexact && exactly(a.EndedConn).intersects(p.exit) {
		v.idleEnds = append(v.idleEnds, a.EndedConn)
	}
}

// addShare counts a response of a pod that had served.
func (v *clientView) addShare(a *timeline.Attempt, failed bool, p *podFacts) {
	switch {
	case v.firstAnswer == never || a.Started <= v.firstAnswer:
	case !p.t0.came() || exactly(a.Ended).before(p.t0) == yes:
		v.steady.add(failed)
	default:
		v.ending.add(failed)
	}
}

func (v *clientView) addAnswer(a *timeline.Attempt) {
	v.firstAnswer = earlier(v.firstAnswer, a.Ended)
	if a.Sent != never {
		v.firstSent = earlier(v.firstSent, a.Sent)
	} else {
		v.firstSent = earlier(v.firstSent, a.Ended)
	}
	v.lastAnswer, v.lastServed = max(v.lastAnswer, a.Ended), max(v.lastServed, a.Started)
	if !a.Reused {
		v.lastAccepted = max(v.lastAccepted, a.Started)
		if a.Sent != never {
			v.longestFirst = max(v.longestFirst, a.Ended-a.Sent)
		}
		if a.PodBy != timeline.Probable {
			v.lastSurely = max(v.lastSurely, a.Started)
		}
	}
}

// addProgress notes that the process ran. On a cluster a connection that was
// cut may have been cut by the exit, which is reported late.
func (v *clientView) addProgress(a *timeline.Attempt, p *podFacts) {
	_, refused := p.notAccepted(a)
	if refused || a.PodBy == timeline.Probable || p.exitInexact && cutByServer(a) || p.exit.before(ofLab(a.Ended)) == yes {
		return
	}
	v.lastProgress = max(v.lastProgress, a.Ended)
}

// addKept follows a connection from T0 on.
func (v *clientView) addKept(a *timeline.Attempt, p *podFacts) {
	if a.Conn == 0 || !p.t0.came() || a.Ended < p.earliestT0() {
		return
	}
	k := v.kept[a.Conn]
	if k == nil {
		k = &kept{pattern: a.Pattern, answered: never, started: never}
		v.kept[a.Conn] = k
	}
	k.add(a, p.earliestT0())
}

// firstAsked is when the server first asked to close a connection that would have been used
// again, or never: by then it has handled the start of its termination. A server that does so
// also before shows nothing.
func (v *clientView) firstAsked(reuses map[string]bool) time.Duration {
	first := never
	for _, k := range v.kept {
		if k.askedToClose() && reuses[k.pattern] && !v.asksAlways {
			first = earlier(first, k.answered)
		}
	}
	return first
}

func earlier(a, b time.Duration) time.Duration {
	if a == never {
		return b
	}
	return min(a, b)
}
