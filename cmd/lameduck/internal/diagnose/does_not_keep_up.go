package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// An overloaded server or machine makes requests time out all over the run.
// That is no effect of a termination, and while it lasts nothing can be found
// out about terminations.

var ruleNotKeepingUp = rule{
	id:    notKeepingUp,
	title: "The server does not keep up with the rate",
	why:   "An overloaded server makes requests time out all over the run. That is no effect of a termination, and while it lasts nothing can be found out about terminations.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
	},
	summary:  "The server does not keep up with --rate: requests wait for one another, or time out, also while nothing is being replaced.",
	explains: func(d *dropFacts) bool { return d.ofOverload() },
	noEvidence: func(m *match) doubt {
		if !m.run.RateChosen {
			return noDoubt
		}
		return doubt{fmt.Sprintf("the server did not keep up with %d attempts a second of each pattern, a rate that this tool chose", m.run.Rate),
			"choose the --rate that the service is meant for, or run it again on a less busy machine"}
	},
	note: func(m *match) string { return noteNeverAccepted(m) + noteCapacity(m) },
	fix: func(*match) advice {
		return advice{always: "lower --rate to what the service is meant for, or give it more replicas, more workers where each takes one connection at a time, or more CPU (CPU throttling by a limit has the same effect); then try again: drops of a termination are visible only when all other requests are served."}
	},
}

// noteCapacity adds what the server answered of what was sent before the first
// termination.
func noteCapacity(m *match) string {
	b := &m.backlog
	if !b.grows || b.lastAnswer <= m.firstStart || b.until <= m.firstStart {
		return noteControl(m)
	}
	perSecond := func(n int, until time.Duration) float64 { return float64(n) / (until - m.firstStart).Seconds() }
	return fmt.Sprintf("before the first termination %.1f requests a second were sent and %.1f answered; %s",
		perSecond(b.sent, b.until), perSecond(b.answers, b.lastAnswer), noteControl(m))
}

// noteNeverAccepted adds what the accept queue shows: the server had not begun with those
// requests.
func noteNeverAccepted(m *match) string {
	n, pod := 0, ""
	for _, d := range m.drops {
		if d.neverAccepted() {
			n, pod = n+1, d.Pod
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s waited in the accept queue of %s until the client gave up; ", finding.Count(n, "connection"), pod)
}

func noteControl(m *match) string {
	first, last := bounds(m.drops)
	return fmt.Sprintf("between %s and %s; of the requests to the control target %d of %d failed, the longest took %s",
		seconds(first), seconds(last), m.control.Failed, m.control.Attempts, span(m.target.longest))
}
