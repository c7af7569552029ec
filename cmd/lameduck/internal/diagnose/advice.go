package diagnose

import (
	"fmt"
	"path"
	"slices"
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

// sayGoodbye is the cure of a shutdown that waits for connections which
// nothing ends, such as server.close() of Node.js.
const sayGoodbye = "from the signal on send the header `Connection: close` with every answer: a graceful shutdown waits for the kept connections that are in use, and they are used for as long as they last."

// gracefulSignals are the stop signals of servers that take SIGTERM for
// "stop at once".
var gracefulSignals = map[string]string{
	"nginx": "SIGQUIT", "php-fpm": "SIGQUIT", // nginx.org/en/docs/control.html, php-fpm(8)
	"httpd": "SIGWINCH", "apache2": "SIGWINCH", // httpd.apache.org/docs/2.4/stopping.html
	"haproxy": "SIGUSR1", // its management guide, section 4
}

// otherSignal names the graceful one of a known server that left as soon as
// it was signalled.
func (m *matter) otherSignal() string {
	if len(m.run.Spec.Command) == 0 || !slices.ContainsFunc(m.lives, (*life).leftOnSignal) {
		return ""
	}
	name := path.Base(m.run.Spec.Command[0])
	signal, ok := gracefulSignals[name]
	if !ok {
		return ""
	}
	return fmt.Sprintf(" %s finishes what is in flight on %s, not on SIGTERM: besides the preStop sleep, give the image `STOPSIGNAL %[2]s` (here: `lifecycle.stopSignal: %[2]s` in the manifest).", name, signal)
}

func (l *life) leftOnSignal() bool {
	return l.Signalled != never && l.Killed == never && l.Exited != never && l.Exited-l.Signalled < atOnce
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
