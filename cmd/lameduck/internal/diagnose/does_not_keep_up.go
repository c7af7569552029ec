package diagnose

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// An overloaded server or machine makes requests time out all over the run.
// That is no effect of a termination, and while it lasts nothing can be found
// out about terminations.

var ruleNotKeepingUp = rule{
	id:       notKeepingUp,
	summary:  "The server does not keep up with --rate: requests time out all over the run, also while nothing is being replaced.",
	explains: func(d *dropFacts) bool { return d.overload == notKeepingUp && timedOut(d.Attempt) },
	note:     noteControl,
	fix: func(*match) advice {
		return advice{other: "lower --rate to what the service is meant for, or give it more replicas or more CPU (CPU throttling by a limit has the same effect); then try again: drops of a termination are visible only when all other requests are served."}
	},
}

func noteControl(m *match) string {
	first, last := bounds(m.drops)
	c := timeline.ControlOf(m.run.Attempts)
	return fmt.Sprintf("between %s and %s; of the requests to the control target %d of %d failed, the longest took %s",
		seconds(first), seconds(last), c.Failed, c.Attempts, span(m.lag.longest))
}
