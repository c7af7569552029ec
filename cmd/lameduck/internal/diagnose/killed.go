package diagnose

import (
	"fmt"
	"slices"
	"time"
)

// Without a handler the kernel discards a signal to process 1 of a pid
// namespace (pid_namespaces(7)); a shell that stays process 1 has none.
var ruleIgnoresSignal = rule{
	id:       ignoresSignal,
	summary:  "The stop signal is ignored: process 1 has no handler for it, so the pod is killed at the end of the grace period.",
	doubtful: "The stop signal seems to be ignored, so the pod is killed at the end of the grace period: until then it goes on as if it had not been told.",
	convicts: func(l *life) bool {
		return l.t0 != never && l.Killed != never && l.Signalled != never && l.ignores()
	},
	claims: sentenced(ignoresSignal),
	seen: func(l *life) string {
		if l.Unknown {
			return fmt.Sprintf("%s, killed %s later, %s in use to the end and not told to leave", l.told(), span(l.Killed-l.Signalled), count(l.keptInUse, "kept connection"))
		}
		return fmt.Sprintf("%s and not caught, killed %s later", l.told(), span(l.Killed-l.Signalled))
	},
	remark: func(m *matter) string {
		if shell(m.run.Spec.Command) {
			return "process 1 is a shell (" + m.run.Spec.Command[0] + " " + m.run.Spec.Command[1] + "), which does not pass the signal on"
		}
		return ""
	},
	fix: func(m *matter) advice {
		a := advice{
			inGo:  listenAndServe + "; it takes the signal.",
			other: fmt.Sprintf("handle the signal: go on serving for %s, then finish what is in flight and exit. An init such as tini as process 1 makes the default action work, which is to exit at once: add a preStop sleep then.", m.delay()),
		}
		if shell(m.run.Spec.Command) {
			exec := "start the program itself and not a shell: the exec form of the command (a list), or `exec` before the program in the shell line"
			a.inGo = exec + ". Then " + listenAndServe + "."
			a.other = exec + ", or tini as process 1. " + "Then " + a.other
		}
		if m.unsure() {
			a.other += fmt.Sprintf(" If it does handle the signal and means to serve on for that long, set `terminationGracePeriodSeconds: %s`, and send `Connection: close` with every answer.", m.graceNumber())
		}
		return a
	},
}

// A hook that takes the whole grace period leaves the program 2 s (the floor
// of the kubelet), whatever it does then.
var ruleGraceShorter = rule{
	id:      graceShorter,
	summary: "The grace period ends before the server is done: it was killed while it still served, or its preStop hook left it no time.",
	convicts: func(l *life) bool {
		return l.t0 != never && (l.Killed != never && (!l.ignores() || l.Signalled == never) || l.hookTookAll())
	},
	claims: sentenced(graceShorter),
	seen: func(l *life) string {
		s := l.told() + ", " + l.left()
		if last := l.lastAnswer; last != never {
			s += ", last answer at " + seconds(last)
		}
		return s + l.heldUpBy()
	},
	remark: func(m *matter) string {
		s := "the grace period is " + span(m.run.Spec.Grace)
		if took := m.longestHook(); took > 0 {
			s += ", and preStop took " + span(took) + " of it"
		}
		return s
	},
	fix: func(m *matter) advice {
		if m.heldUp() {
			return advice{
				inGo:  listenAndServe + fmt.Sprintf(": it asks each connection to leave and ends when they have. If the delay is meant to last that long, set `terminationGracePeriodSeconds: %s`.", m.graceNumber()),
				other: sayGoodbye + fmt.Sprintf(" If it is meant to serve for that long, set `terminationGracePeriodSeconds: %s`.", m.graceNumber()),
			}
		}
		return advice{
			inGo:  fmt.Sprintf("set `terminationGracePeriodSeconds: %s` and tell the library with LAMEDUCK_GRACE=%[1]ss; it cuts its delay short rather than be killed.", m.graceNumber()),
			other: fmt.Sprintf("set `terminationGracePeriodSeconds: %s`, or shorten the delay (preStop included: it counts against the grace period) to %s. If it takes no notice of the signal, handle it (Node.js as process 1 needs a handler to end); if it never exits, look for a worker or a connection that nothing ends.", m.graceNumber(), m.delay()),
		}
	},
}

// ignores reports whether it takes no notice of the signal. Where its handler
// could not be seen it is what it did that counts: it asked nobody to leave,
// turned nobody away, and was not left without time by its hook.
func (l *life) ignores() bool {
	if l.Unknown {
		open := l.closed == never || l.afterItsExit()
		return open && !l.hookTookAll() && l.likelyConduct().keepsClients
	}
	return !l.Caught
}

func (m *matter) unsure() bool {
	return slices.ContainsFunc(m.lives, func(l *life) bool { return l.Unknown })
}

func (l *life) hookTookAll() bool {
	grace := l.run.Spec.Grace
	return grace > 0 && l.PreStop != never && l.Signalled != never && l.Signalled-l.PreStop >= grace-slack
}

func (m *matter) longestHook() time.Duration {
	var took time.Duration
	for _, l := range m.lives {
		if l.PreStop != never && l.Signalled != never {
			took = max(took, l.Signalled-l.PreStop)
		}
	}
	return took
}

// graceNumber is the recommended grace period, but more than the one that was
// too short, and more than the hook needs.
func (m *matter) graceNumber() string {
	n := max(m.advised.GraceSeconds, wholeSeconds(m.run.Spec.Grace)+10, wholeSeconds(m.longestHook())+10)
	return fmt.Sprint(roundUp(n, 5))
}
