package diagnose

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

var ruleHookEnds = rule{
	id:    hookEnds,
	title: "The " + finding.HookEndsServer,
	why:   "The preStop hook runs before the stop signal, to give the nodes time to remove the endpoint. A hook that itself stops the server (kill, nginx -s quit, a request to its quit endpoint) ends it while new connections are still routed to the pod.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
	},
	summary:       "The " + finding.HookEndsServer + ", before the stop signal can: what is in flight is cut, or new connections are refused.",
	holdsFor:      func(p *podFacts) bool { return p.hookStops != no },
	onlyWithDrops: true,
	explains:      orUnrouted(hookEnds, dropsAfterT0(hookEnds)),
	podEvidence: func(p *podFacts) string {
		s := p.howTerminated()
		if p.hookEnded != never {
			s += ", the hook ended at " + seconds(p.hookEnded)
		}
		return s + ", " + p.howExited() + p.lateConnections() + "; the hook: " + p.hook
	},
	note: noteUnrouted,
	fix: func(m *match) advice {
		return advice{manifest: fmt.Sprintf(finding.OnlyWait("for %s")+": the kubelet sends it when the hook has ended. If the server stops gracefully on another one than SIGTERM, name that as `lifecycle.stopSignal` or as STOPSIGNAL of the image.", m.delay())}
	},
}

// stopCommand matches what stops a server in a hook: a kill, or a command or a
// request that has the word stop, quit or shutdown.
var stopCommand = regexp.MustCompile(`(?i)\b(p?kill|killall|stop|[a-z]*quit|shutdown)\b`)

// endedByHook reports whether the hook ended the server: it exited while the hook ran; or, if
// the hook stops servers, it had closed its listener before the stop signal was sent, or it exited
// as soon as the hook had ended, before it can have handled that signal. By as much as this
// machine was late, the server may have been late with that. And a server may take as long as it
// likes until it has done what either asked for: only the kernel shows when it began.
func (p *podFacts) endedByHook(o *observer) answer {
	switch {
	case p.PreStop == never || p.hook == "":
		return no
	case p.exitInexact || !p.exit.came() || p.Killed != never:
		return p.perhapsEndedByHook()
	case p.Signalled == never:
		return yes
	case p.hookEnded == never || !stopCommand.MatchString(p.hook), p.Signal != "" && p.Signal == cmp.Or(p.stopSignal, "SIGTERM"):
		return no
	case !p.watched() && p.closedSure && !p.closedEither && p.closed.before(exactly(p.Signalled)) == yes:
		return yes // clients were refused before
	case p.exit.since(ofLab(p.hookEnded)).shorterThan(reaction) == yes, p.closedFirst && p.gone.before(exactly(p.Signalled)) == yes && exactly(p.PreStop).before(p.gone) != no:
		return yes
	}
	return max(p.exit.before(o.handled(ofLab(p.hookEnded))), p.perhapsEndedByHook())
}

// perhapsEndedByHook is unsure of a server that its hook asks to stop, and that stopped, where
// nothing shows what made it: the signal follows that hook at once.
func (p *podFacts) perhapsEndedByHook() answer {
	servedToTheKill := p.Killed != never && !p.exitInexact && p.closedAtExit()
	if p.watched() || servedToTheKill || !p.stopped().came() || !stopCommand.MatchString(p.hook) {
		return no
	}
	return unsure
}

// hookDoubt is the doubt about what ended the server: the hook, or the stop signal.
func (p *podFacts) hookDoubt(o *observer) doubt {
	if p.perhapsEndedByHook() == unsure {
		return doubt{fmt.Sprintf("the preStop hook of %s asks the server to stop, and the stop signal follows, so it is not known which of them ended the server", p.Name), "let the hook only wait, and run it again"}
	}
	return doubt{fmt.Sprintf("this machine was late by %s while %s terminated, so it is not known whether the preStop hook ended the server, or the stop signal", span(o.waits.during(p.hookEnded, p.exit.latest)), p.Name), hintLate}
}
