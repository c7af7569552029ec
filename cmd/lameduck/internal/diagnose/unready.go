package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func (u *unready) text() string {
	s := fmt.Sprintf("the readiness probe of %s failed at %s", u.pod, seconds(u.from))
	if u.why != "" {
		s += " (" + u.why + ")"
	}
	return s
}

// addReadiness follows the endpoint of a pod whose readiness probe fails before its
// termination.
func (p *podFacts) addReadiness(e timeline.Event) {
	n := len(p.unreadies)
	switch {
	case e.Kind == timeline.Unready && (!p.t0.came() || e.At < p.earliestT0()):
		p.unreadies = append(p.unreadies, unready{pod: p.Name, from: e.At, to: forever, why: e.Detail})
	case n == 0:
	case e.Kind == timeline.Ready && !p.unreadies[n-1].ready:
		p.unreadies[n-1].ready, p.unreadies[n-1].to = true, e.At
	case e.Kind == timeline.EndpointAdded && p.unreadies[n-1].ready:
		p.unreadies[n-1].to = e.At
	}
}

// notRunning reports whether the process was gone meanwhile: then that is why
// the pod was not ready.
func (p *podFacts) notRunning(u *unready) bool {
	for _, o := range p.outages {
		if o.from.earliest <= u.to && until(o.to, 0) >= u.from {
			return true
		}
	}
	return false
}

// unreadyAt is why a running pod had no endpoint at the moment, or nil.
func (s *runFacts) unreadyAt(at time.Duration) *unready {
	for _, p := range s.pods {
		for i := range p.unreadies {
			if u := &p.unreadies[i]; u.from <= at && at <= u.to && !p.notRunning(u) {
				return u
			}
		}
	}
	return nil
}

// withoutProbe is why the attempt found no endpoint if that was not because a pod
// terminated, or nil.
func (d *dropFacts) withoutProbe() *unready {
	if !d.unrouted || d.run.replacementFailed(d.Ended) {
		return nil
	}
	return d.run.unreadyAt(d.refusedSince)
}

// doubt is why the drops show nothing about terminations.
func (u *unready) doubt() doubt {
	return doubt{u.text() + ", while nothing was terminating it: the server did not keep up with the load, or this machine with the server",
		"run it again with a lower --rate, or on a less busy machine"}
}
