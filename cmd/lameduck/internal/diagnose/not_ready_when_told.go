package diagnose

import "time"

// A probe that only connects, or a path that answers before the program can
// serve, makes a pod an endpoint too early.
var ruleNotReady = rule{
	id:      notReady,
	summary: "It says that it is ready before it can serve: the first clients after its start are turned away.",
	explains: func(d *dropFacts) bool {
		if d.pod == nil || d.unrouted || !d.pod.anyServed {
			return false
		}
		switch {
		case d.pod.firstAnswer != never:
		case d.unnamedAnswers:
			return d.notAcceptedByNewPod()
		default:
			return true // other pods responded, this one never did
		}
		return !d.late() && d.Started <= d.pod.firstAnswer
	},
	podEvidence: func(p *podFacts) string {
		s := "ready at " + seconds(p.Ready)
		if p.Ready == never {
			s = "sent clients before it was seen to be ready"
		}
		if p.firstAnswer == never {
			return s + ", never answered"
		}
		return s + ", first answer at " + seconds(p.firstAnswer)
	},
	fix: func(m *match) advice {
		probe := "a readinessProbe with httpGet on a path that answers 200 only when a real request would be served"
		if m.run.Spec.ReadinessHTTP {
			probe = "let the readiness path answer 200 only when a real request would be served: caches filled, connections made"
		}
		return advice{
			inGo:  "start to listen when everything is set up, with lameduck.ListenAndServe(addr, handler) as the last call.",
			other: probe + "; or listen only when that is so.",
		}
	},
}

// newPodWindow is how long after it became ready a pod may be taken for one
// that does not listen yet: the default period of a probe. A longer time needs
// pods with names.
const newPodWindow = 10 * time.Second

// notAcceptedByNewPod reports whether a pod that became ready during the
// traffic did not accept the connection.
func (d *dropFacts) notAcceptedByNewPod() bool {
	_, refused := notAccepted(d.Attempt)
	ready := d.pod.Ready
	return refused && !d.late() && ready > d.firstStart && d.Started < ready+newPodWindow
}
