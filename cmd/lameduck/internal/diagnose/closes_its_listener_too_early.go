package diagnose

import "fmt"

// http.Server.Shutdown at T0 is the typical case: the process finishes what is
// in flight, and refuses every new connection.
var ruleClosesEarly = rule{
	id:      closesEarly,
	summary: "The server closes its listener at the stop signal, while some nodes still route new connections to the pod.",
	holdsFor: func(p *podFacts) bool {
		return p.stopsAtOnce && (p.likelyBehaviour().runsAfterClose || !p.likelyBehaviour().exitsUncleanly)
	},
	explains: orUnrouted(closesEarly, dropsAfterT0(closesEarly)),
	podEvidence: func(p *podFacts) string {
		s := p.howTerminated()
		if p.closed != never {
			s += ", new connections refused from " + seconds(p.closed)
		}
		return s + ", " + p.howExited() + p.keptWhenKilledText() + p.lateConnections()
	},
	note: noteUnrouted,
	fix: func(m *match) advice {
		closeAdvice := ""
		if m.anyKeptWhenKilled() {
			closeAdvice = " Also, " + sendConnectionClose
		}
		return advice{
			inGo: listenAndServe + " and do not call http.Server.Shutdown: the library keeps the listener open until no new connection arrives any more.",
			other: fmt.Sprintf("keep the listener open for %s after the signal and respond with `Connection: close`; only then shut down. Without a change to the program: %s.%s%s",
				m.delay(), m.preStopHold(), m.onlyReplica(), closeAdvice),
		}
	},
}
