package diagnose

import (
	"fmt"
)

// advice is how to cure a fault: for a Go program with the library, and for a
// program in any language.
type advice struct {
	inGo  string // empty: the cure isn't in the program
	other string
}

func (a advice) String() string {
	if a.inGo == "" {
		return a.other
	}
	return "Go: " + a.inGo + "\nAny language: " + a.other
}

// listenAndServe is the one-line cure for a Go server.
const listenAndServe = "call lameduck.ListenAndServe(addr, handler) in place of http.ListenAndServe"

// delay and grace are the recommended numbers as text, or a description where
// nothing was measured.
func (s *runFacts) delay() string {
	return number(s.recommended.DelaySeconds, "as long as new connections arrive")
}

func (s *runFacts) grace() string {
	return number(s.recommended.GraceSeconds, "more than the delay and the longest request together")
}

func number(n int, otherwise string) string {
	if n == 0 {
		return otherwise
	}
	return fmt.Sprintf("%d s", n)
}

// preStopHold is the cure in the manifest: a preStop sleep delays the stop
// signal.
func (s *runFacts) preStopHold() string {
	if s.recommended.DelaySeconds == 0 {
		return "a preStop sleep delays the stop signal"
	}
	return fmt.Sprintf("`preStop: {sleep: {seconds: %d}}` with `terminationGracePeriodSeconds: %d` delays the stop signal that long",
		s.recommended.DelaySeconds, s.recommended.GraceSeconds)
}

// sendConnectionClose is the cure for a graceful shutdown that waits for
// keep-alive connections which the server never closes, such as server.close()
// of Node.js.
const sendConnectionClose = "after the signal send the header `Connection: close` with every response: a graceful shutdown waits for keep-alive connections that are in use, and clients use them until they are closed."

func (p *podFacts) exitedOnSignal() bool {
	return p.Signalled != never && p.Killed == never && p.Exited != never && p.Exited-p.Signalled < minDelay
}

func (m *match) onlyReplica() string {
	if m.unroutedDrops() == 0 {
		return ""
	}
	return " The pod was also the last endpoint: make the delay longer than the start of its replacement, or run two replicas."
}
