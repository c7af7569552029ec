package diagnose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// Without a handler the kernel discards a signal to process 1 of a PID
// namespace (pid_namespaces(7)); a shell that stays process 1 has none.
var ruleIgnoresSignal = rule{
	id:    ignoresSignal,
	title: "The process ignores the stop signal",
	why:   "Without a handler the kernel discards a signal to process 1 of a PID namespace. A shell that stays process 1 does not pass the signal on. The process then serves unchanged until SIGKILL at the end of the grace period, which cuts all that is in flight.",
	sources: []string{
		"https://man7.org/linux/man-pages/man7/pid_namespaces.7.html",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
	},
	summary:          "The process ignores the stop signal: process 1 has no handler for it, so the pod is killed at the end of the grace period.",
	summaryUncertain: "The process probably ignores the stop signal: it kept serving unchanged until SIGKILL at the end of the grace period.",
	holdsFor: func(p *podFacts) bool {
		return p.t0.came() && p.Killed != never && p.Signalled != never && p.ignores()
	},
	ofProcess1: true,
	explains:   dropsAfterT0(ignoresSignal),
	podEvidence: func(p *podFacts) string {
		if p.Unknown {
			return fmt.Sprintf("%s, killed %s later, %s in use until then never received Connection: close", p.howTerminated(), span(p.Killed-p.Signalled), finding.Count(p.own.notAskedToClose, "keep-alive connection"))
		}
		return fmt.Sprintf("%s and not handled, killed %s later", p.howTerminated(), span(p.Killed-p.Signalled))
	},
	note: func(m *match) string {
		if shell(m.run.Spec.Command) {
			return "process 1 is a shell (" + m.run.Spec.Command[0] + " " + m.run.Spec.Command[1] + "), which does not pass the signal on"
		}
		return ""
	},
	fix: func(m *match) advice {
		a := advice{
			inGo:    listenAndServe + ": it handles the signal.",
			program: fmt.Sprintf("handle the signal: keep serving for %s, then finish the requests in flight and exit. With an init such as tini as process 1 the signal has its default action, which is to exit at once: add a preStop sleep in that case.", m.delay()),
		}
		if shell(m.run.Spec.Command) {
			exec := "start the program itself and not a shell: the exec form of the command (a list), or `exec` before the program in the shell line"
			a.inGo = exec + ". Then " + listenAndServe + "."
			a.program = exec + ", or tini as process 1. " + "Then " + a.program
		}
		if m.handlerUnknown() {
			a.manifest = fmt.Sprintf("if the process does handle the signal and is meant to keep serving for that long, set `terminationGracePeriodSeconds: %s`, and let it send `Connection: close` with every response.", m.graceNumber())
		}
		return a
	},
}

// shell reports whether the command is run by a shell that may stay process 1.
func shell(command []string) bool {
	if len(command) < 2 {
		return false
	}
	switch path.Base(command[0]) {
	case "sh", "bash", "dash", "ash", "ksh", "zsh":
		return strings.HasPrefix(command[1], "-") && strings.Contains(command[1], "c")
	}
	return false
}

// ignores reports whether the process ignores the stop signal. Where its
// handler could not be seen the behaviour counts: the server sent no
// Connection: close, refused no connection, and its preStop hook left it time.
func (p *podFacts) ignores() bool {
	if p.Unknown {
		open := !p.closed.came() || p.closedAtExit()
		return open && !p.hookUsedGrace && p.likely.notAskedToClose > 0
	}
	return !p.Caught && !p.closedOnSignal()
}

// closedOnSignal reports whether the server closed its listener after the stop signal: that
// was passed on by an init that waits for signals, as tini does, and has no handler.
func (p *podFacts) closedOnSignal() bool {
	return p.closedFirst && p.gone.before(exactly(p.Signalled)) != yes
}

func (m *match) handlerUnknown() bool {
	return slices.ContainsFunc(m.pods, func(p *podFacts) bool { return p.Unknown })
}
