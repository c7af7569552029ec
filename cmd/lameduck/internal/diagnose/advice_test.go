package diagnose

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// killedAt15 is onePod, but killed.
func killedAt15() *built {
	b := onePod()
	b.Events = append(b.Events[:3:3], event(15*s, timeline.Killed, "a"), b.Events[3])
	b.Spec.Grace = 5 * s
	return b
}

// TestFixes checks the cures that depend on what was seen.
func TestFixes(t *testing.T) {
	nginx := func(exit timeline.Event, command ...string) *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), exit)
		b.Spec.Command = command
		return b.try(9*s, "a").try(11*s, "a", refused).try(9*s, "a", lasting(s+ms), failing(timeline.EOF))
	}
	atOnce := event(10*s+ms, timeline.Exited, "a")
	for _, tt := range []struct {
		name string
		*built
		id        string
		want, not string // what the fix contains, and what it does not
	}{
		{"killed while keep-alive connections were in use, not asked to close",
			killedAt15().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)),
			graceShorter, sendConnectionClose, "look for a worker"},
		{"killed, and had asked them to close",
			killedAt15().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.Announced, 14*s)),
			graceShorter, "look for a worker", sendConnectionClose},
		{"closed its listener, and waited for keep-alive connections until it was killed",
			killedAt15().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)).try(10*s+ms, "a", refused),
			closesEarly, " Also, " + sendConnectionClose, ""},
		{"closed its listener, and exited in time",
			onePod().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)).try(10*s+ms, "a", refused),
			closesEarly, "preStop", sendConnectionClose},
		{"a server whose graceful signal is another", nginx(atOnce, "/usr/sbin/nginx", "-g", "daemon off;"),
			exitsAtOnce, "nginx finishes requests in flight on SIGQUIT", ""},
		{"an unknown server", nginx(atOnce, "./nginx-like"), exitsAtOnce, "are still cut", "SIGQUIT"},
		{"no command is known", nginx(atOnce), exitsAtOnce, "are still cut", "SIGQUIT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := Findings(&tt.Run)
			if len(found) != 1 || found[0].ID != tt.id {
				t.Fatalf("%+v, want %s", found, tt.id)
			}
			if fix := found[0].Fix; !strings.Contains(fix, tt.want) || tt.not != "" && strings.Contains(fix, tt.not) {
				t.Errorf("%s\nwant %q, and not %q", fix, tt.want, tt.not)
			}
		})
	}
}

// TestTheFirstUnexplainedIsQuotedOnce: the detail of a 5xx is its status.
func TestTheFirstUnexplainedIsQuotedOnce(t *testing.T) {
	b := onePod().try(s, "a").try(2*s, "a", failing(timeline.Status5xx), func(a *timeline.Attempt) { a.Status, a.Detail = 501, "status 501" })
	found := Findings(&b.Run)
	if len(found) != 1 || strings.Count(found[0].Evidence, "501") != 1 {
		t.Errorf("%+v, want the status once", found)
	}
}

// TestTheExitIsTimed: the evidence counts the exit from the signal, not the
// close of the listener before it.
func TestTheExitIsTimed(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), event(10900*ms, timeline.Exited, "a"))
	b.try(9*s, "a").try(10500*ms, "a", refused).try(9*s, "a", lasting(1600*ms), failing(timeline.Reset))
	found := Findings(&b.Run)
	if len(found) != 1 || found[0].ID != exitsAtOnce || !strings.Contains(found[0].Evidence, "900 ms after termination began") {
		t.Errorf("%+v, want an exit after 900 ms", found)
	}
}
