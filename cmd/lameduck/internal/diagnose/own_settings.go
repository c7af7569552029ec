package diagnose

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// ownAdvice is what the settings of the server itself can do about a finding.
type ownAdvice struct {
	name, setting string // both empty where the server is not known
	product       bool
}

// unknownServer is any other.
var unknownServer knownServer

// server is the known server that the pods run: by the program that was seen to
// listen, else by the command.
func (s *runFacts) server() *knownServer {
	if s.known == nil {
		s.known = &unknownServer
		for _, name := range s.serverNames() {
			if i := slices.IndexFunc(knownServers, func(k knownServer) bool { return slices.Contains(k.Programs, name) }); i >= 0 {
				s.known = &knownServers[i]
				break
			}
		}
	}
	return s.known
}

// serverNames are the names of what the pods run, the most exact one first.
func (s *runFacts) serverNames() (names []string) {
	seen := s.seenServer()
	words := []string{seen.Script, seen.Program}
	if seen.Program == "" && len(s.run.Spec.Command) > 0 {
		words = s.run.Spec.Command[:1]
	}
	for _, word := range words {
		names = append(names, path.Base(word), finding.Bare(word))
	}
	return names
}

// seenServer is the program that was seen to listen, in the first pod in which
// one was.
func (s *runFacts) seenServer() timeline.Server {
	for _, p := range s.pods {
		if p.Server.Program != "" {
			return p.Server
		}
	}
	return timeline.Server{}
}

// stopsFast reports whether the stop signal that the pods get means to the
// server to stop at once, without finishing what is in flight.
func (k *knownServer) stopsFast(spec *timeline.Spec) bool {
	return sendsTERM(spec) && k.GracefulSignal != ""
}

// meansReload reports whether the stop signal that the pods get means to the
// server to reload.
func (k *knownServer) meansReload(spec *timeline.Spec) bool {
	return sendsTERM(spec) && k.ReloadsOnTERM
}

// sendsTERM reports whether the pods get SIGTERM.
func sendsTERM(spec *timeline.Spec) bool {
	return spec.StopSignal == "" || spec.StopSignal == "SIGTERM"
}

// stopRules are the rules whose cure may be another stop signal.
var stopRules = []string{exitsAtOnce, ignoresSignal, hookEnds, closesEarly, cutsKeepAlive, cutsInFlight}

// fixText is the cure of the rule for the server that was seen.
func (r *rule) fixText(m *match) string {
	server := m.server()
	own := ownAdvice{name: server.Name, product: server.Product, setting: m.numbers(server.settings[r.id])}
	if slices.Contains(stopRules, r.id) && m.needsOtherSignal() {
		own.setting = server.signalAdvice() + server.officialImage()
	}
	return r.fix(m).text(&own, m.seenServer().Lang)
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
	return fmt.Sprintf("it finishes requests in flight on %s, not on SIGTERM: set `STOPSIGNAL %[1]s` in the image, or `lifecycle.stopSignal: %[1]s` in the manifest.", k.GracefulSignal)
}

// officialImage is what a run in the lab, which knows no image, should be repeated
// with.
func (k *knownServer) officialImage() string {
	if !k.InImage {
		return ""
	}
	return fmt.Sprintf(" Its official image has that signal: with it, repeat this run with --stop-signal %s.", k.GracefulSignal)
}
