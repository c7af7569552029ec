package diagnose

import (
	"cmp"
	"path"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

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
	if seen.Script == "" && len(s.run.Spec.Command) > 0 { // an interpreter whose title is not the name of its script
		words = append(words, s.run.Spec.Command[0])
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
	return k.StopsAtOnce(cmp.Or(spec.StopSignal, "SIGTERM"))
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
