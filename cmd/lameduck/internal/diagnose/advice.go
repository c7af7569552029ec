package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// text is the advice for the server that was seen: its own setting first, or what
// its program has to do, then the manifest, then the library. A server that others
// wrote is configured, not programmed. Where the language is not known, the
// program in Go is listed beside any other.
func (a advice) text(own *ownAdvice, lang timeline.Lang) string {
	var lines []string
	line := func(label, text string) {
		if text != "" {
			lines = append(lines, label+text)
		}
	}
	setting := own.setting
	if own.product && setting == "" && a.manifest == "" && a.program != "" {
		setting = "look for a setting that does this: " + a.program
	}
	line(own.name+": ", setting)
	line("", a.always)
	if !own.product && setting == "" && (lang != timeline.Go || a.inGo == "") {
		line("Any language: ", a.program)
	}
	line("Manifest: ", a.manifest)
	if !own.product && lang != timeline.OtherLang {
		line("Go: ", a.inGo)
	}
	return strings.Join(lines, "\n")
}

// listenAndServe is the one-line cure for a Go server.
const listenAndServe = "call lameduck.ListenAndServe(addr, handler) in place of http.ListenAndServe"

// listenAndServeTLS is the same for one that clients reach over TLS only.
const listenAndServeTLS = "call lameduck.ListenAndServeTLS(addr, certFile, keyFile, handler) in place of http.ListenAndServeTLS"

// delay and grace are the recommended numbers as text, or a description where
// nothing was measured.
func (s *runFacts) delay() string {
	return number(s.recommended.DelaySeconds, "as long as new connections arrive")
}

func (s *runFacts) grace() string {
	return number(s.recommended.GraceSeconds, "more than the delay and the longest request together")
}

// noRun is in place of a run where the advice is for every one, as on the page of
// findings. The numbers of a cure are those of a run, so such advice has none.
var noRun = &timeline.Run{}

func number(n int, otherwise string) string {
	if n == 0 {
		return otherwise
	}
	return fmt.Sprintf("%d s", n)
}

// hold is the cure in the manifest: a preStop sleep delays the stop signal. It is
// empty where the manifest has one that is long enough.
func (s *runFacts) hold() string {
	spec, delay, grace := &s.run.Spec, s.recommended.DelaySeconds, ""
	if wholeSeconds(spec.Grace) < s.recommended.GraceSeconds {
		grace = fmt.Sprintf(" with `terminationGracePeriodSeconds: %d`", s.recommended.GraceSeconds)
	}
	switch {
	case delay == 0 && spec.PreStop == "":
		return "a preStop sleep delays the stop signal"
	case delay == 0 || spec.PreStop == "sleep" && wholeSeconds(spec.PreStopSleep) >= delay:
		return ""
	case spec.PreStop == "":
		return fmt.Sprintf("`preStop: {sleep: {seconds: %d}}`%s delays the stop signal that long", delay, grace)
	case spec.PreStop == "sleep":
		return fmt.Sprintf("raise the preStop sleep from %v to `preStop: {sleep: {seconds: %d}}`%s", spec.PreStopSleep, delay, grace)
	}
	if slices.ContainsFunc(s.pods, func(p *podFacts) bool { return p.hookEnded != never && p.Detail != "" }) {
		return fmt.Sprintf("mend the preStop hook, which fails, and let it last for %d s%s: it delays the stop signal", delay, grace)
	}
	return fmt.Sprintf("let the preStop hook last for %d s%s: it delays the stop signal", delay, grace)
}

// afterHold ends the sentence of a hold, if there is one.
func afterHold(hold, rest string) string {
	if hold == "" {
		return ""
	}
	return hold + rest
}

// enoughGrace is the cure in the manifest for a grace period that the server needs in
// whole. It is empty where the manifest has it already.
func (s *runFacts) enoughGrace() string {
	switch n := s.recommended.GraceSeconds; {
	case n == 0:
		return "`terminationGracePeriodSeconds` must be " + s.grace()
	case wholeSeconds(s.run.Spec.Grace) < n:
		return fmt.Sprintf("set `terminationGracePeriodSeconds: %d`", n)
	}
	return ""
}

// graceToo follows the advice for a longer delay in the program where the grace period is
// too short for it: the library refuses to start with such a delay.
func (s *runFacts) graceToo() string {
	if wholeSeconds(s.run.Spec.Grace) >= s.recommended.GraceSeconds {
		return ""
	}
	return fmt.Sprintf(", and its Grace to the %s of the pod's grace period (LAMEDUCK_GRACE)", s.grace())
}

// sendConnectionClose is the cure for a graceful shutdown that waits for
// keep-alive connections which the server never closes, such as server.close()
// of Node.js.
const sendConnectionClose = "after the signal send the header `Connection: close` with every response: a graceful shutdown waits for keep-alive connections that are in use, and clients use them until they are closed."

func (m *match) onlyReplica() string {
	if m.unroutedDrops() == 0 {
		return ""
	}
	return " The pod was also the last endpoint: make the delay longer than the start of its replacement, or run two replicas."
}

// graceNumber is the recommended grace period, but more than the one that was
// too short, and more than the hook needs.
func (m *match) graceNumber() string {
	if m.run == noRun {
		return "N"
	}
	n := max(m.recommended.GraceSeconds, wholeSeconds(m.run.Spec.Grace)+10, wholeSeconds(m.longestPreStop())+10)
	return fmt.Sprint(roundUp(n, 5))
}

func (m *match) longestPreStop() time.Duration {
	var took time.Duration
	for _, p := range m.pods {
		if p.PreStop != never && p.Signalled != never {
			took = max(took, p.Signalled-p.PreStop)
		}
	}
	return took
}
