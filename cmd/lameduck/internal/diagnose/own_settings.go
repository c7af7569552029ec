package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// stopRules are the rules whose cure may be another stop signal.
var stopRules = []string{exitsAtOnce, ignoresSignal, hookEnds, closesEarly, cutsKeepAlive, cutsInFlight}

// fixText is the cure of the rule for the server that was seen.
func (r *rule) fixText(m *match) string {
	server := m.server()
	own := ownAdvice{name: server.Name, product: server.Product, setting: m.numbers(server.settings[r.id])}
	if slices.Contains(stopRules, r.id) && m.needsOtherSignal() {
		own.setting = server.signalAdvice() + server.officialImage()
	}
	cure := r.fix(m)
	if m.load.tls && !m.load.clear {
		cure.inGo = strings.ReplaceAll(cure.inGo, listenAndServe, listenAndServeTLS)
	}
	return cure.text(&own, m.seenServer().Lang)
}

// numbers puts the recommended delay into a setting.
func (s *runFacts) numbers(setting string) string {
	return strings.ReplaceAll(setting, "DELAY", s.delay())
}

// needsOtherSignal reports whether the server got another signal than its graceful one.
func (m *match) needsOtherSignal() bool {
	return m.server().stopsFast(&m.run.Spec) &&
		slices.ContainsFunc(m.pods, func(p *podFacts) bool { return p.Signalled != never })
}

func (k *knownServer) signalAdvice() string {
	graceful, other := k.GracefulSignal, "SIGTERM"
	if graceful == "" {
		graceful, other = "SIGTERM", strings.Join(k.Abrupt, " or ")
	}
	return fmt.Sprintf("it finishes requests in flight on %s, not on %[2]s: set `STOPSIGNAL %[1]s` in the image, or `lifecycle.stopSignal: %[1]s` in the manifest.", graceful, other)
}

// officialImage is what a run in the lab, which knows no image, should be repeated
// with.
func (k *knownServer) officialImage() string {
	if !k.InImage {
		return ""
	}
	return fmt.Sprintf(" Its official image has that signal: with it, repeat this run with --stop-signal %s.", k.GracefulSignal)
}
