package diagnose

import (
	"fmt"
	"time"
)

var ruleNeverReady = rule{
	id:       neverReady,
	summary:  "A pod never became ready, so it never took over from the one it replaces.",
	convicts: func(l *life) bool { return l.failed },
	claims: func(d *drop) bool {
		if d.gap {
			return d.replacementFailed(d.Ended)
		}
		return d.life != nil && d.life.failed
	},
	seen: func(l *life) string {
		if l.Detail != "" {
			return l.Detail
		}
		return "started at " + seconds(l.Started) + ", given up waiting"
	},
	fix: func(m *matter) advice {
		how := "a connection to its port"
		if m.run.Spec.ReadinessHTTP {
			how = "a 2xx or 3xx answer on the readiness path"
		}
		return advice{other: "start the command by hand and see whether it listens on all addresses (not only 127.0.0.1) and on the port of the Service. Readiness here is " +
			how + "; compare path, port and failureThreshold × periodSeconds with the time the program needs to start."}
	},
}

// replacementFailed reports whether a pod that should have taken over had
// started by then, and never became ready.
func (s *scene) replacementFailed(by time.Duration) bool {
	return s.firstFailed != nil && s.firstFailed.Started <= by
}

var ruleCrashes = rule{
	id:      crashes,
	summary: "The process ends in mid-life, outside of any termination, and takes its connections with it.",
	hazard:  func(l *life) bool { return l.Restarts > 0 && len(l.outages) > 0 },
	claims: func(d *drop) bool {
		return d.life != nil && !d.late() && d.life.downDuring(d)
	},
	seen: func(l *life) string {
		if len(l.outages) == 0 {
			return l.left()
		}
		o := l.outages[0]
		s := fmt.Sprintf("exited at %s with code %d", seconds(o.from), o.code)
		if o.signal != "" {
			s = fmt.Sprintf("died of %s at %s", o.signal, seconds(o.from))
		}
		if more := len(l.outages) - 1; more > 0 {
			s += fmt.Sprintf(", and %s more", count(more, "time"))
		}
		return s
	},
	fix: func(*matter) advice {
		return advice{other: "this is no termination: see the output of the program from just before, and its exit code (137 with a memory limit is the OOM killer). More than one replica keeps the outage short for clients."}
	},
}

// downDuring reports whether the drop met a process that had gone by itself.
func (l *life) downDuring(d *drop) bool {
	for _, o := range l.outages {
		if d.Ended >= o.from-slack-d.run.Accuracy && (o.to == never || d.Started <= o.to) {
			return true
		}
	}
	return false
}

// newcomer is for how long a pod may be suspected of not listening yet: the
// default period of a probe. More is only known where pods have names.
const newcomer = 10 * time.Second

// turnedAwayByNewcomer reports whether a pod that became ready in the middle
// of the traffic did not take the connection.
func (d *drop) turnedAwayByNewcomer() bool {
	_, away := turnedAway(d.Attempt)
	ready := d.life.Ready
	return away && !d.late() && ready > d.firstStart && d.Started < ready+newcomer
}

// A probe that only connects, or a path that answers before the program can
// serve, makes an endpoint of a pod that is not one yet.
var ruleNotReady = rule{
	id:      notReady,
	summary: "It says that it is ready before it can serve: the first clients after its start are turned away.",
	claims: func(d *drop) bool {
		if d.life == nil || d.gap || !d.life.served {
			return false
		}
		switch {
		case d.life.answered != never:
		case d.nameless:
			return d.turnedAwayByNewcomer()
		default:
			return true // others answer, this one never did
		}
		return !d.late() && d.Started <= d.life.answered
	},
	seen: func(l *life) string {
		s := "ready at " + seconds(l.Ready)
		if l.Ready == never {
			s = "sent clients before it was seen to be ready"
		}
		if l.answered == never {
			return s + ", never answered"
		}
		return s + ", first answer at " + seconds(l.answered)
	},
	fix: func(m *matter) advice {
		probe := "a readinessProbe with httpGet on a path that answers 200 only when a real request would be served"
		if m.run.Spec.ReadinessHTTP {
			probe = "let the readiness path answer 200 only when a real request would be served: caches filled, connections made"
		}
		return advice{
			inGo:  "start to listen when everything is set up, with lameduck.ListenAndServe(addr, handler) as the last call.",
			other: probe + "; or listen only when that is so.",
		}
	},
}
