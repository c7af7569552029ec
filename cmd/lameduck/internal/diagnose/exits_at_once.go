package diagnose

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

var ruleExitsAtOnce = rule{
	id:    exitsAtOnce,
	title: "The process exits at the stop signal",
	why:   "The default action of most languages is to exit on SIGTERM. Requests in flight are cut, and until each kube-proxy has applied the removal of the endpoint, new connections are routed to a pod that refuses them.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1669-proxy-terminating-endpoints",
	},
	summary:    "The process exits at the stop signal: requests in flight are cut, and new connections that are still routed to the pod are refused.",
	holdsFor:   func(p *podFacts) bool { return p.own.stopsAtOnce },
	ofProcess1: true,
	explains:   orUnrouted(exitsAtOnce, dropsAfterT0(exitsAtOnce)),
	podEvidence: func(p *podFacts) string {
		return fmt.Sprintf("%s, %s, %s after termination began%s%s", p.howTerminated(), p.howExited(), span(p.Exited-p.earliestT0()), p.inProgressText(), p.lateConnections())
	},
	note: noteUnrouted,
	fix: func(m *match) advice {
		return advice{
			inGo: listenAndServe + ": the server keeps serving after the signal, asks clients to reconnect elsewhere, and finishes requests in flight.",
			program: fmt.Sprintf("handle the signal, keep serving for %s with `Connection: close` on every response, finish the requests in flight, then exit.%s",
				m.delay(), m.onlyReplica()),
			manifest: afterHold(m.hold(), "; requests in flight after that are still cut."),
		}
	},
}

// inProgressText is the evidence that a process with exit code 0, or that ran on for a while,
// made no graceful shutdown.
func (p *podFacts) inProgressText() string {
	if p.cutAll.came() {
		return fmt.Sprintf(", and had cut %s in progress by %s, the longest after %s", finding.Count(p.own.inProgress, "request"), seconds(p.cutAll.latest), span(p.own.longest))
	}
	if p.Code != 0 || p.own.inProgress == 0 {
		return ""
	}
	return fmt.Sprintf(", with %d requests in progress, the longest for %s", p.own.inProgress, span(p.own.longest))
}
