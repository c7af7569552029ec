package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// A probe that only connects, or a path that answers before the program can
// serve, makes a pod an endpoint too early.
var ruleNotReady = rule{
	id:    notReady,
	title: "The pod is Ready before it serves",
	why:   "A probe that only connects, or a path that answers before the program can serve, makes a pod an endpoint too early: the first connections are refused.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
	},
	summary: "The pod is Ready too early and " + finding.BeforeItListens + ": the first ones after its start are refused.",
	explains: func(d *dropFacts) bool {
		if d.pod == nil || d.unrouted || !d.run.anyServed || d.errsAnyway() {
			return false
		}
		switch {
		case d.pod.firstAnswer != never:
		case d.run.unnamedAnswers:
			return d.notAcceptedByNewPod()
		default:
			return true // other pods responded, this one never did
		}
		return !d.endedAfterT0() && d.Started <= d.pod.firstAnswer
	},
	podEvidence: func(p *podFacts) string {
		s := "ready at " + seconds(p.Ready)
		if p.Ready == never {
			s = "received connections before it was seen to be ready"
		}
		if p.firstAnswer == never {
			return s + ", never responded"
		}
		return s + ", first response at " + seconds(p.firstAnswer)
	},
	fix: func(m *match) advice {
		probe := "add a readinessProbe with httpGet on a path that returns 200 only when a real request would be served"
		if m.run.Spec.ReadinessHTTP {
			probe = "let the readiness path return 200 only when a real request would be served: caches filled, connections open"
		}
		return advice{
			inGo:     "start to listen when everything is set up: call lameduck.ListenAndServe(addr, handler) last.",
			program:  "start to listen only when a real request would be served.",
			manifest: probe + ".",
		}
	},
}

// newPodWindow is how long after it became ready a pod may be taken for one
// that does not listen yet: the default periodSeconds of a probe, which is how long Kubernetes
// waits until it looks again. A longer time needs pods with names.
const newPodWindow = 10 * time.Second

// notAcceptedByNewPod reports whether a pod that became ready during the
// traffic did not accept the connection.
func (d *dropFacts) notAcceptedByNewPod() bool {
	_, refused := d.pod.notAccepted(&d.Attempt)
	ready := d.pod.Ready
	return refused && !d.endedAfterT0() && ready > d.run.firstStart && d.Started < ready+newPodWindow
}
