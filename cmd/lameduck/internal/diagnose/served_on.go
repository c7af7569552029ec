package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// These rules judge single drops of pods that went on serving after T0 and
// then left. blame decides between them, so that they cannot overlap.

var ruleDelayShorter = rule{
	id:      delayShorter,
	summary: "It serves on after it is told to stop, but not for long enough: clients were still sent there when it had stopped accepting.",
	claims:  func(d *drop) bool { return blame(d) == delayShorter },
	seen: func(l *life) string {
		return fmt.Sprintf("%s, served for %s more, %s%s", l.told(), span(l.stop()-l.t0), l.left(), l.arrivals())
	},
	remark: func(m *matter) string {
		if m.run.Spec.Propagation == "" {
			return ""
		}
		return "propagation profile " + m.run.Spec.Propagation
	},
	fix: func(m *matter) advice {
		return advice{
			inGo:  fmt.Sprintf("raise the library's Delay to %s (LAMEDUCK_DELAY), and `terminationGracePeriodSeconds` to %s.", m.delay(), m.grace()),
			other: fmt.Sprintf("serve on for %s after termination begins (sleep in the program or in preStop), and set `terminationGracePeriodSeconds` to %s.", m.delay(), m.grace()),
		}
	},
}

var ruleCutsKeepAlive = rule{
	id:      cutsKeepAlive,
	summary: "It never asks its kept connections to leave: they stay until it exits, and the exit cuts whatever is on its way on them.",
	hazard:  func(l *life) bool { return l.cutUntold() > 0 },
	claims:  func(d *drop) bool { return blame(d) == cutsKeepAlive },
	seen: func(l *life) string {
		s := l.told() + ", " + l.left()
		if n := l.cutUntold(); n > 0 {
			s += fmt.Sprintf(", %s in use to the end and not told to leave", count(n, "kept connection"))
		}
		return s
	},
	fix: func(m *matter) advice {
		return advice{
			inGo:  listenAndServe + ": while it still serves it asks each connection to leave, at its own moment.",
			other: "from the signal on send the header `Connection: close` with every answer, for long enough that each client asks once more, and only then exit. A longer sleep alone does not help, and a graceful shutdown only half: it closes idle connections unannounced, and a request sent at that moment is lost." + m.otherSignal(),
		}
	},
}

var ruleCutsInFlight = rule{
	id:      cutsInFlight,
	summary: "It exits in the middle of requests: they began well before, and got no answer or half of one.",
	claims:  func(d *drop) bool { return blame(d) == cutsInFlight },
	seen:    func(l *life) string { return l.told() + ", " + l.left() },
	remark: func(m *matter) string {
		var longest time.Duration
		for _, d := range m.drops {
			longest = max(longest, d.Ended-d.Started)
		}
		return "the longest request cut had been under way for " + span(longest)
	},
	fix: func(m *matter) advice {
		return advice{
			inGo:  listenAndServe + ": it waits for what is in flight, up to the grace period, and for requests still being read as well (http.Server.Shutdown drops those).",
			other: fmt.Sprintf("when the delay is over, wait until the requests in hand are answered (a graceful shutdown does), then exit; set `terminationGracePeriodSeconds` to %s.", m.grace()),
		}
	},
}

var ruleAnswers5xx = rule{
	id:      answers5xx,
	summary: "It answers with an error from the moment it is told to stop, while clients are still sent there.",
	claims:  func(d *drop) bool { return blame(d) == answers5xx },
	seen:    func(l *life) string { return l.told() + ", " + l.left() + l.arrivals() },
	fix: func(m *matter) advice {
		return advice{
			inGo:  listenAndServe + ": requests are served as always until the end. Only a readiness path may fail.",
			other: fmt.Sprintf("serve requests as always for %s after the signal; only the readiness path may say no.", m.delay()),
		}
	},
}

// blame names the fault behind a drop of a pod that has no verdict, or "".
func blame(d *drop) string {
	if !d.late() || d.life.verdict != "" {
		return ""
	}
	switch {
	case d.Cause == timeline.Status5xx && d.life.answersWell():
		return answers5xx
	case d.cameTooLate():
		return delayShorter
	case !d.cut():
		return ""
	case d.life.handled(d.Attempt):
		return cutsInFlight
	case d.Reused && d.life.knewAt(d.previous):
		return cutsKeepAlive // it had answered on this connection, and not said goodbye
	case d.life.closed != never:
		return delayShorter // with a longer delay it would have gone elsewhere, or been done
	case d.Reused && d.Ended-d.Started < atOnce:
		return cutsKeepAlive // sent into the closing of an idle connection
	}
	return cutsInFlight
}

// knewAt reports whether by then it had surely noticed that it is to stop, and
// could say so in what it answered.
func (l *life) knewAt(at time.Duration) bool {
	return at >= l.t0+l.doubt+echo+l.lag.during(l.t0, l.t0+echo)
}

// cameTooLate reports whether the new connection was turned away.
func (d *drop) cameTooLate() bool {
	at, away := turnedAway(d.Attempt)
	return away && d.life.closed != never && at >= d.life.closed-slack
}

// cut reports whether the server ended the connection under the attempt. One
// that hangs from before the exit to its own time-out was cut as well, unless
// requests hang all the time.
func (d *drop) cut() bool {
	exited := d.life.Exited
	straddles := exited != never && d.Started <= exited && d.Ended >= exited-d.life.exitedBy
	return severed(d.Attempt) || d.overload == "" && d.Cause == timeline.Timeout && d.Conn != 0 && straddles
}

// answersWell reports whether it gave no error before its T0: those later are
// of its termination then.
func (l *life) answersWell() bool {
	return l.answered != never && (l.firstError == never || l.firstError >= l.t0-slack)
}
