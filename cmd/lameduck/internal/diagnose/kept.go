package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// kept is one connection that clients mean to use again.
type kept struct {
	last     *timeline.Attempt // the last attempt on it
	answers  int               // after T0
	answered time.Duration     // when the last answer was complete, or never
}

// cutUntold counts the kept connections that the pod used to its end, never
// asked to leave, and ended by leaving. It is a hazard even where no request
// was on its way just then. 0 for a pod that asked most of them: of those
// that are left it had no chance to ask.
func (l *life) cutUntold() int {
	if l.verdict != "" {
		return 0
	}
	return l.keptInUse
}

// untold counts them whatever the verdict is. Where the pod was killed they
// may be what it waited for.
func (l *life) untold() int {
	if l.t0 == never || l.Exited == never || l.stop() < l.t0 {
		return 0
	}
	untold, told := 0, 0
	for _, k := range l.keptConnections() {
		switch {
		case k.last.End == timeline.Goodbye && k.last.Ended >= l.t0:
			told++
		case l.usedToTheEnd(k) && l.endedByLeaving(k):
			untold++
		}
	}
	if untold <= told {
		return 0
	}
	return untold
}

// heldUp counts the kept connections that a pod still used when it was killed.
// A graceful shutdown waits for them, so they may be why it had not ended.
func (l *life) heldUp() int {
	if l.Killed == never || !l.Caught && !l.Unknown {
		return 0
	}
	return l.keptInUse
}

func (l *life) heldUpBy() string {
	n := l.heldUp()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s in use to the end and not told to leave", count(n, "kept connection"))
}

// heldUp is whether that was so of any pod.
func (m *matter) heldUp() bool {
	return slices.ContainsFunc(m.lives, func(l *life) bool { return l.heldUp() > 0 })
}

func (l *life) keptConnections() []*kept {
	byConn := map[uint64]*kept{}
	var all []*kept
	for _, a := range l.attempts {
		if a.Conn == 0 || !l.keeping[a.Pattern] {
			continue
		}
		k := byConn[a.Conn]
		if k == nil {
			k = &kept{answered: never}
			byConn[a.Conn], all = k, append(all, k)
		}
		k.last = a
		if !a.Dropped() {
			k.answered = max(k.answered, a.Ended)
			if a.Ended >= l.t0 {
				k.answers++
			}
		}
	}
	return all
}

// usedToTheEnd reports whether there was chance enough to say goodbye: two
// answers after T0, the last of them in the second half of the lame duck. A
// server that spreads its goodbyes over the first half is not blamed.
func (l *life) usedToTheEnd(k *kept) bool {
	return k.answers >= 2 && k.answered >= l.t0+(l.stop()-l.t0)/2
}

// endedByLeaving tells the end of the pod from an idle time-out: it comes at
// the exit, or soon after the last answer.
func (l *life) endedByLeaving(k *kept) bool {
	ended := k.last.EndedConn
	if k.last.Dropped() {
		ended = k.last.Ended
	}
	if k.last.End != timeline.FIN && k.last.End != timeline.Broken && !k.last.Dropped() {
		return false
	}
	return ended >= l.Exited-l.exitedBy-time.Second || ended-k.answered < time.Second
}
