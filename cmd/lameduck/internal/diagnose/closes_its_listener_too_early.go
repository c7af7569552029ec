package diagnose

import "fmt"

// http.Server.Shutdown at T0 is the typical case: the process finishes what is
// in flight, and refuses every new connection.
var ruleClosesEarly = rule{
	id:      closesEarly,
	summary: "It stops accepting connections as soon as it is told to stop, while nodes that have not heard of it still send clients there.",
	holdsFor: func(p *podFacts) bool {
		return p.stopsAtOnce && (p.likelyBehaviour().runsAfterClose || !p.likelyBehaviour().exitsUncleanly)
	},
	explains: orUnrouted(closesEarly, dropsAfterT0(closesEarly)),
	podEvidence: func(p *podFacts) string {
		s := p.howTerminated()
		if p.closed != never {
			s += ", new connections turned away from " + seconds(p.closed)
		}
		return s + ", " + p.howExited() + p.keptWhenKilledText() + p.lateConnections()
	},
	note: noteUnrouted,
	fix: func(m *match) advice {
		closeAdvice := ""
		if m.anyKeptWhenKilled() {
			closeAdvice = " And " + sendConnectionClose
		}
		return advice{
			inGo: listenAndServe + ", and leave http.Server.Shutdown to it: the listener stays open until no client comes any more.",
			other: fmt.Sprintf("keep the listener open for %s after the signal and answer with `Connection: close`, and only then shut down. Without a change to the program: %s.%s%s",
				m.delay(), m.preStopHold(), m.onlyReplica(), closeAdvice),
		}
	},
}
