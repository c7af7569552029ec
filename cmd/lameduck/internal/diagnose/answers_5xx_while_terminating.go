package diagnose

import "fmt"

var ruleAnswers5xx = rule{
	id:    answers5xx,
	title: "The server responds with 5xx while it terminates",
	why:   "After the stop signal requests are still routed to the pod until each kube-proxy has applied the removal of its endpoint. A server that answers them with an error fails them as surely as one that has exited.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://www.rfc-editor.org/rfc/rfc9110#section-15.6",
	},
	summary:     "The server responds with an error after the stop signal, while requests are still routed to the pod.",
	explains:    func(d *dropFacts) bool { return d.class == answers5xx },
	podEvidence: func(p *podFacts) string { return p.howTerminated() + ", " + p.howExited() + p.lateConnections() },
	fix: func(m *match) advice {
		return advice{
			inGo:    listenAndServe + ": requests are served normally until the listener closes. Only a readiness path may fail.",
			program: fmt.Sprintf("serve requests normally for %s after the signal; only the readiness path may fail.", m.delay()),
		}
	},
}
