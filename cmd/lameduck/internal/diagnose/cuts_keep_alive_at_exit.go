package diagnose

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

var ruleCutsKeepAlive = rule{
	id:    cutsKeepAlive,
	title: "Keep-alive connections are never asked to close",
	why:   "kube-proxy moves new connections only: one that is open stays with its pod until either side closes it. A client uses it until the server asks it to close, with Connection: close in a response. A request that is sent at the moment of the exit, or while the server closes the idle connection, is lost.",
	sources: []string{
		"https://www.rfc-editor.org/rfc/rfc9112#section-9.6",
		"https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1",
	},
	summary:    "The server ends keep-alive connections while it terminates, at its exit or before, without Connection: close in a response first: the requests on them are cut.",
	warnsAbout: func(p *podFacts) bool { return p.keptToReport() > 0 },
	explains:   func(d *dropFacts) bool { return d.class == cutsKeepAlive },
	podEvidence: func(p *podFacts) string {
		s := p.howTerminated() + ", " + p.howExited()
		if n := p.keptToReport(); n > 0 {
			s += fmt.Sprintf(", %s in use until the exit never received Connection: close", finding.Count(n, "keep-alive connection"))
		}
		return s
	},
	fix: func(m *match) advice {
		return advice{
			inGo:    listenAndServe + ": while it keeps serving, it asks each connection to close, spread over time.",
			program: "after the signal send the header `Connection: close` with every response, for long enough that each client sends one more request; only then exit. A longer sleep alone does not help, and a graceful shutdown does not help enough: it closes idle connections unannounced, and a request sent at that moment is lost.",
		}
	},
}

// keptToReport counts the keep-alive connections that the pod used until its
// exit, never asked to close, and closed by exiting. They are worth a warning
// even where no request was in flight at that moment. 0 for a pod that asked
// most of its connections: it had no chance to ask the others.
func (p *podFacts) keptToReport() int {
	if p.fault != "" {
		return 0
	}
	return p.own.notAskedToClose
}
