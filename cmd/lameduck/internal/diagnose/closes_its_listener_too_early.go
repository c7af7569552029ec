package diagnose

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// http.Server.Shutdown at T0 is the typical case: the process finishes what is
// in flight, and refuses every new connection.
var ruleClosesEarly = rule{
	id:    closesEarly,
	title: "The listener closes at the stop signal",
	why:   "The kubelet sends the stop signal while the removal of the endpoint is still on its way to the nodes. Until each kube-proxy has applied it, new connections are routed to the pod, and a closed listener refuses them. http.Server.Shutdown at the signal is the typical case: it finishes what is in flight, and refuses every new connection.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1669-proxy-terminating-endpoints",
		"https://pkg.go.dev/net/http#Server.Shutdown",
	},
	summary: "The server closes its listener, or no longer accepts from it, at the stop signal: new connections are " + finding.RefusedUntilRemoved + ".",
	holdsFor: func(p *podFacts) bool {
		clean := p.likely.exitsUncleanly == no || p.likely.exitsUncleanly == unsure && !p.likely.likelyUnclean
		return p.own.stopsAtOnce && (p.likely.runsAfterClose == yes || clean)
	},
	ofProcess1: true,
	explains:   orUnrouted(closesEarly, dropsAfterT0(closesEarly)),
	podEvidence: func(p *podFacts) string {
		s := p.howTerminated()
		switch {
		case p.closedOpen:
			s += ", new connections no longer accepted from " + seconds(p.closed.latest) + ", though its socket stayed open"
		case p.closed.came():
			s += ", new connections refused from " + seconds(p.closed.latest)
		}
		return s + ", " + p.howExited() + p.keptWhenKilledText() + p.lateConnections()
	},
	note: noteUnrouted,
	fix: func(m *match) advice {
		closeAdvice := ""
		if m.anyKeptWhenKilled() {
			closeAdvice = " Also, " + sendConnectionClose
		}
		return advice{
			inGo: listenAndServe + " and do not call http.Server.Shutdown: the library keeps the listener open until no new connection arrives any more.",
			program: fmt.Sprintf("keep the listener open for %s after the signal and respond with `Connection: close`; only then shut down.%s%s",
				m.delay(), m.onlyReplica(), closeAdvice),
			manifest: afterHold(m.hold(), "."),
		}
	},
}
