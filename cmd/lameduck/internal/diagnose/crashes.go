package diagnose

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

var ruleCrashes = rule{
	id:    crashes,
	title: "The process crashed",
	why:   "A process that exits outside a termination cuts its connections, and its pod refuses new ones until the readiness probe has failed or the process runs again.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy",
	},
	summary:    "The process crashed outside a termination, and its connections were cut.",
	warnsAbout: func(p *podFacts) bool { return p.Restarts > 0 && len(p.outages) > 0 },
	explains: func(d *dropFacts) bool {
		return d.pod != nil && !d.endedAfterT0() && d.pod.downDuring(d)
	},
	podEvidence: func(p *podFacts) string {
		if len(p.outages) == 0 {
			return p.howExited()
		}
		o := p.outages[0]
		s := fmt.Sprintf("exited at %s with code %d", seconds(o.from.latest), o.code)
		if o.signal != "" {
			s = fmt.Sprintf("exited on %s at %s", o.signal, seconds(o.from.latest))
		}
		if more := len(p.outages) - 1; more > 0 {
			s += fmt.Sprintf(", and %s more", finding.Count(more, "time"))
		}
		return s
	},
	fix: func(*match) advice {
		return advice{always: "this is a crash, not a termination: check the output of the program before the exit, and its exit code (137 with a memory limit is the OOM killer). More than one replica keeps the outage short for clients."}
	},
}

// downDuring reports whether the drop met a process that had crashed.
func (p *podFacts) downDuring(d *dropFacts) bool {
	for _, o := range p.outages {
		if exactly(d.Ended).before(o.from) != yes && (o.to == never || d.Started <= o.to) {
			return true
		}
	}
	return false
}
