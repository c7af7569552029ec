package diagnose

import (
	"fmt"
	"time"
)

var ruleExitsAtOnce = rule{
	id:       exitsAtOnce,
	summary:  "It exits as soon as it is told to stop: what is in flight is cut, and clients that are still sent there are refused.",
	holdsFor: func(p *podFacts) bool { return p.stopsAtOnce && p.Killed == never },
	explains: orUnrouted(exitsAtOnce, dropsAfterT0(exitsAtOnce)),
	podEvidence: func(p *podFacts) string {
		return fmt.Sprintf("%s, %s, %s after it was told%s%s", p.howTerminated(), p.howExited(), span(p.Exited-p.t0), p.inProgressText(), p.lateConnections())
	},
	note: noteUnrouted,
	fix: func(m *match) advice {
		return advice{
			inGo: listenAndServe + ": it goes on serving after the signal, asks clients to leave, and finishes what is in flight.",
			other: fmt.Sprintf("catch the signal, go on serving for %s with `Connection: close` on every answer, finish what is in flight, then exit. Without a change to the program: %s; what is in flight after that is still cut.%s%s",
				m.delay(), m.preStopHold(), m.onlyReplica(), m.gracefulSignalNote()),
		}
	},
}

// inProgressText is the evidence that a process with exit code 0 made no
// graceful shutdown.
func (p *podFacts) inProgressText() string {
	cut := p.cutInProgress()
	if p.Code != 0 || len(cut) == 0 {
		return ""
	}
	var longest time.Duration
	for _, a := range cut {
		longest = max(longest, a.Ended-a.Started)
	}
	return fmt.Sprintf(", with %d requests in hand, one of them for %s", len(cut), span(longest))
}
