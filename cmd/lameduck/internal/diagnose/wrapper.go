package diagnose

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"

// What is reported of a pod whose process 1 is not the server but runs it: a script
// without exec, npm, a supervisor.
const (
	wrapperSummary = "The " + finding.SignalLost + ": it goes to process 1 of the pod, which is not the server but a program that runs it."
	wrapperFix     = "make the server process 1: name the server itself as the command (`node server.js` in place of `npm start`), or begin the last command of the script with `exec`. Then run it again: what the server does at the signal was not seen."
)

// wrapper describes process 1 where that only runs the server, by the first such
// pod; empty where none has one.
func (m *match) wrapper() string {
	for _, p := range m.pods {
		if p.Wrapper != "" {
			return p.Wrapper
		}
	}
	return ""
}

// passedOn reports whether process 1 passed the stop signal on: it has a handler, and
// the server closed its listener while process 1 still ran. So the fault is the server's.
func (m *match) passedOn(r *rule) bool {
	if r.id != closesEarly {
		return false
	}
	for _, p := range m.pods {
		if p.Wrapper != "" && (!p.Caught || p.likely.runsAfterClose != yes) {
			return false
		}
	}
	return true
}
