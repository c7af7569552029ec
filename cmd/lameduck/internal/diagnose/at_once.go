package diagnose

import (
	"fmt"
	"time"
)

// http.Server.Shutdown at once is the typical case: the process lives on for
// what is in flight, and turns everyone else away.
var ruleClosesEarly = rule{
	id:      closesEarly,
	summary: "It stops accepting connections as soon as it is told to stop, while nodes that have not heard of it still send clients there.",
	convicts: func(l *life) bool {
		return l.goesAtOnce && (l.likelyConduct().outlivesListener || !l.likelyConduct().abrupt)
	},
	claims: orLeftNone(closesEarly, sentenced(closesEarly)),
	seen: func(l *life) string {
		s := l.told()
		if l.closed != never {
			s += ", new connections turned away from " + seconds(l.closed)
		}
		return s + ", " + l.left() + l.heldUpBy() + l.arrivals()
	},
	remark: remarkGap,
	fix: func(m *matter) advice {
		goodbye := ""
		if m.heldUp() {
			goodbye = " And " + sayGoodbye
		}
		return advice{
			inGo: listenAndServe + ", and leave http.Server.Shutdown to it: the listener stays open until no client comes any more.",
			other: fmt.Sprintf("keep the listener open for %s after the signal and answer with `Connection: close`, and only then shut down. Without a change to the program: %s.%s%s",
				m.delay(), m.hold(), m.onlyReplica(), goodbye),
		}
	},
}

var ruleExitsAtOnce = rule{
	id:       exitsAtOnce,
	summary:  "It exits as soon as it is told to stop: what is in flight is cut, and clients that are still sent there are refused.",
	convicts: func(l *life) bool { return l.goesAtOnce && l.Killed == never },
	claims:   orLeftNone(exitsAtOnce, sentenced(exitsAtOnce)),
	seen: func(l *life) string {
		return fmt.Sprintf("%s, %s, %s after it was told%s%s", l.told(), l.left(), span(l.Exited-l.t0), l.inHand(), l.arrivals())
	},
	remark: remarkGap,
	fix: func(m *matter) advice {
		return advice{
			inGo: listenAndServe + ": it goes on serving after the signal, asks clients to leave, and finishes what is in flight.",
			other: fmt.Sprintf("catch the signal, go on serving for %s with `Connection: close` on every answer, finish what is in flight, then exit. Without a change to the program: %s; what is in flight after that is still cut.%s%s",
				m.delay(), m.hold(), m.onlyReplica(), m.otherSignal()),
		}
	},
}

// leftInDisorder tells a process that just ended from a graceful shutdown that
// had nothing to wait for: that chooses its exit code, and cuts no request it
// has in hand. Of a few among many, on a busy machine, one cannot be sure.
func (l *life) leftInDisorder() bool {
	return l.Killed != never || l.Exited == never || l.Code != 0 || l.Signal != "" || 4*len(l.cutWork()) > len(l.severed())
}

// inHand is what shows that a process that chose its exit code shut nothing
// down.
func (l *life) inHand() string {
	cut := l.cutWork()
	if l.Code != 0 || len(cut) == 0 {
		return ""
	}
	var longest time.Duration
	for _, a := range cut {
		longest = max(longest, a.Ended-a.Started)
	}
	return fmt.Sprintf(", with %d requests in hand, one of them for %s", len(cut), span(longest))
}

// arrivals is how long new connections were still sent to the pod.
func (l *life) arrivals() string {
	late := l.late[l.Name]
	if late.Connections == 0 {
		return ""
	}
	return fmt.Sprintf(", new connections still came for %s", span(late.LastConnection))
}

func remarkGap(m *matter) string {
	n := m.gaps()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of them found the Service without any endpoint", n)
}

func (m *matter) gaps() int {
	n := 0
	for _, d := range m.drops {
		if d.gap {
			n++
		}
	}
	return n
}

func (m *matter) onlyReplica() string {
	if m.gaps() == 0 {
		return ""
	}
	return " It was the last endpoint as well: the delay must outlast the start of its replacement, or run two replicas."
}
