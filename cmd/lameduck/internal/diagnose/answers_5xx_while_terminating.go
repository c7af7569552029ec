package diagnose

import "fmt"

var ruleAnswers5xx = rule{
	id:          answers5xx,
	summary:     "The server responds with an error after the stop signal, while requests are still routed to the pod.",
	explains:    func(d *dropFacts) bool { return classify(d) == answers5xx },
	podEvidence: func(p *podFacts) string { return p.howTerminated() + ", " + p.howExited() + p.lateConnections() },
	fix: func(m *match) advice {
		return advice{
			inGo:  listenAndServe + ": requests are served normally until the listener closes. Only a readiness path may fail.",
			other: fmt.Sprintf("serve requests normally for %s after the signal; only the readiness path may fail.", m.delay()),
		}
	},
}
