package diagnose

import (
	"fmt"
	"time"
)

var ruleCutsInFlight = rule{
	id:    cutsInFlight,
	title: "The process exits with requests in flight",
	why:   "A process that exits cuts the requests that it is handling; the client gets no response or a truncated one. http.Server.Shutdown waits for handlers, but not for requests that are still being read.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://pkg.go.dev/net/http#Server.Shutdown",
	},
	summary:     "The process exits with requests in flight: they had begun well before, and got no response or a truncated one.",
	explains:    func(d *dropFacts) bool { return d.class == cutsInFlight },
	podEvidence: func(p *podFacts) string { return p.howTerminated() + ", " + p.howExited() },
	note: func(m *match) string {
		var longest time.Duration
		unseen := 0
		for _, d := range m.drops {
			longest = max(longest, d.Ended-d.Started)
			if d.pod.maybeQueued(&d.Attempt) {
				unseen++
			}
		}
		s := "the longest request that was cut had taken " + span(longest)
		if unseen > 0 {
			s += fmt.Sprintf("; for %d of them it cannot be seen whether the server had accepted the connection, or no longer accepted any", unseen)
		}
		return s
	},
	fix: func(m *match) advice {
		return advice{
			inGo:     listenAndServe + ": it waits for requests in flight, up to the grace period, and also for requests that are still being read (http.Server.Shutdown drops those).",
			program:  "when the delay is over, wait until the requests in flight are answered (a graceful shutdown does), then exit.",
			manifest: m.enoughGrace(),
		}
	},
}
