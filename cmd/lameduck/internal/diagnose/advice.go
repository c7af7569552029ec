package diagnose

import (
	"fmt"
	"path"
	"strings"
)

// advice is a cure in two lines: for a Go program with the library, and for
// any language.
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

// delay and grace are the recommended numbers in words; where nothing was
// measured the words stand alone.
func (s *scene) delay() string {
	return number(s.advised.DelaySeconds, "as long as clients still come")
}
func (s *scene) grace() string {
	return number(s.advised.GraceSeconds, "longer than the delay and the longest request together")
}

func number(n int, otherwise string) string {
	if n == 0 {
		return otherwise
	}
	return fmt.Sprintf("%d s", n)
}

// hold is the cure by manifest: it holds the signal back.
func (s *scene) hold() string {
	if s.advised.DelaySeconds == 0 {
		return "a preStop sleep holds the signal back"
	}
	return fmt.Sprintf("`preStop: {sleep: {seconds: %d}}` with `terminationGracePeriodSeconds: %d` holds the signal back that long",
		s.advised.DelaySeconds, s.advised.GraceSeconds)
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
