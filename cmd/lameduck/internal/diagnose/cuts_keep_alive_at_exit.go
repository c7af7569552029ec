package diagnose

import "fmt"

var ruleCutsKeepAlive = rule{
	id:         cutsKeepAlive,
	summary:    "It never asks its kept connections to leave: they stay until it exits, and the exit cuts whatever is on its way on them.",
	warnsAbout: func(p *podFacts) bool { return p.keptToReport() > 0 },
	explains:   func(d *dropFacts) bool { return classify(d) == cutsKeepAlive },
	podEvidence: func(p *podFacts) string {
		s := p.howTerminated() + ", " + p.howExited()
		if n := p.keptToReport(); n > 0 {
			s += fmt.Sprintf(", %s in use to the end and not told to leave", count(n, "kept connection"))
		}
		return s
	},
	fix: func(m *match) advice {
		return advice{
			inGo:  listenAndServe + ": while it still serves it asks each connection to leave, at its own moment.",
			other: "from the signal on send the header `Connection: close` with every answer, for long enough that each client asks once more, and only then exit. A longer sleep alone does not help, and a graceful shutdown only half: it closes idle connections unannounced, and a request sent at that moment is lost." + m.gracefulSignalNote(),
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
	return p.notAskedToClose
}
