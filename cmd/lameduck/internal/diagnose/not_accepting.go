package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Where the pod of a connection that was not accepted is concluded, two pods may be
// the one: one that terminates, and so may have closed its listener, and one that is
// ready, is not known to have accepted any, and so may not listen yet. The latter is one of
// the two only as an endpoint of the Service: no node routes to it before.

// newNotAccepting is made when all attempts are known.
func newNotAccepting(pods []*podFacts, o *observer) notAccepting {
	var leaving, young []period
	slicesSeen := slices.ContainsFunc(pods, func(p *podFacts) bool { return p.endpoint != never })
	for _, p := range pods {
		last := forever
		if p.t0.came() {
			last = p.earliestT0()
			leaving = append(leaving, period{max(last, p.lastSurely), forever, p.index})
		}
		if p.Ready == never || slicesSeen && p.endpoint == never {
			continue
		}
		from := p.Ready
		if slicesSeen {
			from = max(from, o.ofSlice(p.endpoint).earliest)
		}
		last = min(last, p.Ready+newPodWindow, until(p.firstSent, 0))
		if from < last {
			young = append(young, period{from, last, p.index})
		}
	}
	return notAccepting{newPeriods(leaving), newPeriods(young)}
}

// eitherPod reports whether the connection, which was not accepted, may have been to
// a pod that terminates or to one that does not listen yet. A readiness probe at the
// same port shows that each listens.
func (d *dropFacts) eitherPod() bool {
	s := d.run
	at, refused := notAccepted(&d.Attempt)
	return refused && s.run.Stage == "cluster" && !s.run.Spec.ReadyListens && d.Pod != "" && d.PodBy != timeline.Observed &&
		s.notAccepting.leaving.overlap(at, at, anyPod) && s.notAccepting.young.overlap(at, at, anyPod)
}

// notAcceptingDoubt is the doubt about such a connection.
func notAcceptingDoubt(pod string, at time.Duration) doubt {
	return doubt{fmt.Sprintf("it is not known which pod did not accept connections from %s on, likely %s: one that terminated, or one that was ready and did not listen yet", seconds(at), pod),
		"let the server send the name of its pod in a response header, see --pod-header, or probe readiness at the port of the Service"}
}
