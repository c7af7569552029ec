package diagnose

import (
	"cmp"
	"fmt"
)

var ruleDelayShorter = rule{
	id:    delayShorter,
	title: "The server does not keep serving for long enough",
	why:   "Each kube-proxy applies the removal of an endpoint at its own time; it gathers changes for a second, and on large clusters more. A server that stops before the last of them refuses the connections that are still routed to it.",
	sources: []string{
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1669-proxy-terminating-endpoints",
		"https://kubernetes.io/docs/reference/networking/virtual-ips/",
	},
	summary:  "The server keeps serving after the stop signal, but not long enough: new connections were still routed to the pod after it had stopped accepting.",
	explains: func(d *dropFacts) bool { return d.class == delayShorter },
	podEvidence: func(p *podFacts) string {
		return fmt.Sprintf("%s, kept serving for %s, %s%s", p.howTerminated(), span(p.stopped().latest-p.earliestT0()), p.howExited(), p.lateConnections())
	},
	note: func(m *match) string {
		if m.run.Spec.Propagation == "" {
			return ""
		}
		return "propagation profile " + m.run.Spec.Propagation
	},
	fix: func(m *match) advice {
		return advice{
			inGo:     fmt.Sprintf("raise the library's Delay to %s (LAMEDUCK_DELAY)%s.", m.delay(), m.graceToo()),
			program:  fmt.Sprintf("keep serving for %s after termination begins.", m.delay()),
			manifest: cmp.Or(m.hold(), m.enoughGrace()),
		}
	},
}
