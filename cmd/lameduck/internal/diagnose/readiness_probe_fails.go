package diagnose

import "fmt"

var ruleProbeFails = rule{
	id:    probeFails,
	title: "The readiness probe of a running pod failed",
	why:   "A pod whose readiness probe fails is taken out of the endpoints, also if nothing terminates it. If it was the only one, the Service has no endpoint. That is no effect of a termination: the server was too slow for the probe, or answered that it was not ready.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes",
	},
	summary:  "The readiness probe of a running pod failed, which nothing was terminating, so the Service had no endpoint.",
	explains: func(d *dropFacts) bool { return d.class == probeFails },
	note: func(m *match) string {
		first, last := bounds(m.drops)
		s := fmt.Sprintf("no endpoint between %s and %s", seconds(first), seconds(last))
		if u := m.unreadyAt(m.drops[0].refusedSince); u != nil {
			s += ": " + u.text()
		}
		return s
	},
	fix: func(*match) advice {
		return advice{always: "lower --rate to what the service is meant for; raise `timeoutSeconds` and `failureThreshold` of the readiness probe, or give the server more CPU. Let the probe ask a path that needs nothing else."}
	},
}
