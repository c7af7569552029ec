package diagnose

import "fmt"

var ruleAnswers5xx = rule{
	id:          answers5xx,
	summary:     "It answers with an error from the moment it is told to stop, while clients are still sent there.",
	explains:    func(d *dropFacts) bool { return classify(d) == answers5xx },
	podEvidence: func(p *podFacts) string { return p.howTerminated() + ", " + p.howExited() + p.lateConnections() },
	fix: func(m *match) advice {
		return advice{
			inGo:  listenAndServe + ": requests are served as always until the end. Only a readiness path may fail.",
			other: fmt.Sprintf("serve requests as always for %s after the signal; only the readiness path may say no.", m.delay()),
		}
	},
}
