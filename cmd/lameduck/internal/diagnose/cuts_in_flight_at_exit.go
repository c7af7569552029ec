package diagnose

import (
	"fmt"
	"time"
)

var ruleCutsInFlight = rule{
	id:          cutsInFlight,
	summary:     "It exits in the middle of requests: they began well before, and got no answer or half of one.",
	explains:    func(d *dropFacts) bool { return classify(d) == cutsInFlight },
	podEvidence: func(p *podFacts) string { return p.howTerminated() + ", " + p.howExited() },
	note: func(m *match) string {
		var longest time.Duration
		for _, d := range m.drops {
			longest = max(longest, d.Ended-d.Started)
		}
		return "the longest request cut had been under way for " + span(longest)
	},
	fix: func(m *match) advice {
		return advice{
			inGo:  listenAndServe + ": it waits for what is in flight, up to the grace period, and for requests still being read as well (http.Server.Shutdown drops those).",
			other: fmt.Sprintf("when the delay is over, wait until the requests in hand are answered (a graceful shutdown does), then exit; set `terminationGracePeriodSeconds` to %s.", m.grace()),
		}
	},
}
