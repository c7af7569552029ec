package diagnose

import "fmt"

var ruleDelayShorter = rule{
	id:       delayShorter,
	summary:  "It serves on after it is told to stop, but not for long enough: clients were still sent there when it had stopped accepting.",
	explains: func(d *dropFacts) bool { return classify(d) == delayShorter },
	podEvidence: func(p *podFacts) string {
		return fmt.Sprintf("%s, served for %s more, %s%s", p.howTerminated(), span(p.stoppedAt()-p.t0), p.howExited(), p.lateConnections())
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
			other: fmt.Sprintf("serve on for %s after termination begins (sleep in the program or in preStop), and set `terminationGracePeriodSeconds` to %s.", m.delay(), m.grace()),
		}
	},
}
