package diagnose

import "fmt"

var ruleDelayShorter = rule{
	id:       delayShorter,
	summary:  "The server keeps serving after the stop signal, but not long enough: new connections were still routed to the pod after it had stopped accepting.",
	explains: func(d *dropFacts) bool { return classify(d) == delayShorter },
	podEvidence: func(p *podFacts) string {
		return fmt.Sprintf("%s, kept serving for %s, %s%s", p.howTerminated(), span(p.stoppedAt()-p.t0), p.howExited(), p.lateConnections())
	},
	note: func(m *match) string {
		if m.run.Spec.Propagation == "" {
			return ""
		}
		return "propagation profile " + m.run.Spec.Propagation
	},
	fix: func(m *match) advice {
		return advice{
			inGo:  fmt.Sprintf("raise the library's Delay to %s (LAMEDUCK_DELAY), and `terminationGracePeriodSeconds` to %s.", m.delay(), m.grace()),
			other: fmt.Sprintf("keep serving for %s after termination begins (sleep in the program or in preStop), and set `terminationGracePeriodSeconds` to %s.", m.delay(), m.grace()),
		}
	},
}
