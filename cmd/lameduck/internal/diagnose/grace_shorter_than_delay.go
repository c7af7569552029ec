package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// A hook that takes the whole grace period leaves the program 2 s (the floor of
// the kubelet), whatever the program does then.
var ruleGraceShorter = rule{
	id:    graceShorter,
	title: "The grace period is too short",
	why:   "The grace period counts from the start of the preStop hook. When it is over the kubelet sends SIGKILL, which cuts what is in flight. A hook that takes the whole grace period leaves the program 2 s, whatever the program does then.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
	},
	summary: "The grace period is too short: " + finding.KilledEarly("the server") + ", or the preStop hook leaves it no time.",
	holdsFor: func(p *podFacts) bool {
		return p.t0.came() && (p.Killed != never && (!p.ignores() || p.Signalled == never) || p.hookUsedGrace)
	},
	ofProcess1: true,
	explains:   dropsAfterT0(graceShorter),
	podEvidence: func(p *podFacts) string {
		s := p.howTerminated() + ", " + p.howExited()
		if last := p.lastAnswer; last != never {
			s += ", last response at " + seconds(last)
		}
		return s + p.keptWhenKilledText()
	},
	note: func(m *match) string {
		if m.run.Spec.Grace == 0 {
			return "grace period 0 " + finding.ForceDelete
		}
		s := "the grace period is " + span(m.run.Spec.Grace)
		if took := m.longestPreStop(); took > 0 {
			s += ", and preStop took " + span(took) + " of it"
		}
		return s
	},
	fix: func(m *match) advice {
		hookTookAll := slices.ContainsFunc(m.pods, func(p *podFacts) bool { return p.hookUsedGrace })
		var a advice
		switch {
		case m.anyKeptWhenKilled():
			a = advice{
				inGo:     listenAndServe + ": it asks each client to reconnect elsewhere, and exits when all connections are closed.",
				program:  sendConnectionClose,
				manifest: fmt.Sprintf("if the server is meant to keep serving for that long, set `terminationGracePeriodSeconds: %s`.", m.graceNumber()),
			}
		case !hookTookAll:
			a = advice{
				inGo:     fmt.Sprintf("set LAMEDUCK_GRACE=%ss for the library, which then shortens its delay so that the process is not killed.", m.graceNumber()),
				program:  "if the process never exits, look for a worker or a connection that is never ended; if it ignores the signal, handle it (Node.js as process 1 needs a handler to exit).",
				manifest: fmt.Sprintf("set `terminationGracePeriodSeconds: %s`, or shorten the delay (preStop included: it counts against the grace period) to %s.", m.graceNumber(), m.delay()),
			}
		}
		if hookTookAll {
			a.manifest = fmt.Sprintf("set `terminationGracePeriodSeconds: %s`: the "+finding.HookTakesAll+", "+finding.NothingLeft+" but "+finding.KubeletLeaves+".", m.graceNumber())
		}
		return a
	},
}

// usedGrace reports whether the preStop hook took the whole grace period. Both moments are
// of one observer, and the time-out of the hook does not end it early.
func (p *podFacts) usedGrace(grace time.Duration) bool {
	if grace == 0 || p.PreStop == never || p.Signalled == never {
		return false
	}
	return p.Signalled-p.PreStop >= grace
}

// keptWhenKilled counts the keep-alive connections that a pod still used when
// it was killed. A graceful shutdown waits for them, so they may be the reason
// why it had not exited.
func (p *podFacts) keptWhenKilled() int {
	if p.Killed == never || !p.Caught && !p.Unknown {
		return 0
	}
	return p.own.notAskedToClose
}

func (p *podFacts) keptWhenKilledText() string {
	n := p.keptWhenKilled()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s in use until the exit never received Connection: close", finding.Count(n, "keep-alive connection"))
}

// anyKeptWhenKilled reports whether any pod had such connections.
func (m *match) anyKeptWhenKilled() bool {
	return slices.ContainsFunc(m.pods, func(p *podFacts) bool { return p.keptWhenKilled() > 0 })
}
