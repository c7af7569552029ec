package diagnose

import "time"

var ruleNeverReady = rule{
	id:       neverReady,
	summary:  "A pod never became ready, so it never replaced the old pod.",
	holdsFor: func(p *podFacts) bool { return p.failed },
	explains: func(d *dropFacts) bool {
		if d.unrouted {
			return d.replacementFailed(d.Ended)
		}
		return d.pod != nil && d.pod.failed
	},
	podEvidence: func(p *podFacts) string {
		if p.Detail != "" {
			return p.Detail
		}
		return "started at " + seconds(p.Started) + ", not ready in time"
	},
	fix: func(m *match) advice {
		how := "a connection to its port"
		if m.run.Spec.ReadinessHTTP {
			how = "a 2xx or 3xx answer on the readiness path"
		}
		return advice{other: "start the command by hand and see whether it listens on all addresses (not only 127.0.0.1) and on the port of the Service. Readiness here is " +
			how + "; compare path, port and failureThreshold × periodSeconds with the time the program needs to start."}
	},
}

// replacementFailed reports whether a pod that should have replaced another had
// started by then, and never became ready.
func (s *runFacts) replacementFailed(by time.Duration) bool {
	return s.firstFailed != nil && s.firstFailed.Started <= by
}
