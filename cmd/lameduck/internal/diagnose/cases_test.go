package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// emptyQueue is a look at the accept queue of pod a, after the one before.
func emptyQueue(at, after time.Duration) timeline.Event {
	return timeline.Event{At: at, After: after, Kind: timeline.AcceptQueue, Pod: "a"}
}

// TestServersAsTheyAre: servers and manifests from the field whose faults look like
// another's, each with the finding that is right, and what it reports.
func TestServersAsTheyAre(t *testing.T) {
	const wrapper = `the stop signal goes to npm ("npm start"), not to the server that it runs ("node app.js")`
	wrapped := func(caught bool, rest ...timeline.Event) *built {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught, signal.Wrapper = caught, wrapper
		events := append([]timeline.Event{event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal}, rest...)
		return build(events...).try(9*s, "a").try(9900*ms, "a")
	}
	killed := []timeline.Event{event(15*s, timeline.Killed, "a"), {At: 15 * s, Kind: timeline.Exited, Pod: "a", Code: 137, Signal: "SIGKILL"}}
	// Its listener closes, while the process runs on.
	closing := func(b *built, at time.Duration) *built {
		gone := timeline.Event{Kind: timeline.ListenerClosed, Pod: "a", After: at - 25*ms, At: at, Running: true}
		last := gone
		last.After, last.At = 10*s+360*ms, 10*s+385*ms
		b.Events = append(b.Events, emptyQueue(ms, 0), gone, last)
		b.Attempts = slices.DeleteFunc(b.Attempts, func(a timeline.Attempt) bool { return a.Started >= at && !a.Failed() })
		return b.try(at+100*ms, "a", refused)
	}
	command := func(b *built, words ...string) *built {
		b.Spec.Command = words
		return b
	}
	stopSignal := func(b *built, name string) *built {
		b.Spec.StopSignal = name
		return b
	}
	uwsgi := func() *built {
		return command(killedAt15().try(9*s, "a").try(14900*ms, "a", lasting(100*ms), failing(timeline.Reset)), "/usr/bin/uwsgi", "--http", ":8080")
	}
	// nginx exits with code 0 and cuts only heads that trickle in on kept connections.
	nginx := func() *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), event(10*s+10*ms, timeline.Exited, "a"))
		b.try(8*s, "a").try(9*s, "a", on(1), lasting(s+10*ms), failing(timeline.EOF), func(a *timeline.Attempt) { a.Sent = never })
		return b.try(9990*ms, "a").try(10100*ms, "a", refused)
	}
	// The same, on a machine that was late when it was signalled.
	lateNginx := func() *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), event(11300*ms, timeline.Exited, "a"))
		b.try(8*s, "a").try(9*s, "a", on(1), lasting(2300*ms), failing(timeline.EOF), func(a *timeline.Attempt) { a.Sent = never })
		return lateOnce(b.try(9990*ms, "a").try(11350*ms, "a", refused), 10*s, 1200*ms)
	}
	hooked := func(hook string, hookEnd, signal, exit time.Duration, how timeline.Event) *built {
		begin := event(8*s, timeline.PreStopStarted, "a")
		begin.Detail = hook
		how.At, how.Kind, how.Pod = exit, timeline.Exited, "a"
		events := []timeline.Event{event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), begin}
		if signal == never {
			events = append(events, how, event(hookEnd, timeline.PreStopEnded, "a"))
		} else {
			events = append(events, event(hookEnd, timeline.PreStopEnded, "a"), event(signal, timeline.Signalled, "a"), how)
		}
		b := build(events...).try(7*s, "a")
		for at := 8 * s; at < exit-100*ms; at += 100 * ms {
			b.try(at, "a")
		}
		return b.try(exit-50*ms, "a", lasting(50*ms), failing(timeline.EOF)).try(exit+100*ms, "a", refused)
	}
	// limbo answers nothing on connections that were made after the signal, and
	// exits 3 s later with its socket open.
	limbo := func(handler time.Duration, queue ...timeline.Event) *built {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		b := build(append([]timeline.Event{event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(13*s, timeline.Exited, "a")}, queue...)...)
		for at := 5 * s; at < 10*s; at += 100 * ms {
			b.try(at, "a", lasting(handler))
		}
		for at := 10*s + 50*ms; at < 13*s; at += 100 * ms {
			b.try(at, "a", lasting(13*s-at), failing(timeline.Reset))
		}
		return b
	}
	// The connections that were made after the signal: were they seen to wait?
	stalled := func(last time.Duration) []timeline.Event {
		waiting := timeline.Event{At: last + 5*ms, After: last, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 29, StalledAfter: 10025 * ms, StalledBy: 10050 * ms}
		begun := waiting
		begun.At, begun.After, begun.Waiting = 10050*ms, 10025*ms, 1
		return []timeline.Event{emptyQueue(ms, 0), begun, waiting}
	}
	accepted := []timeline.Event{emptyQueue(ms, 0), emptyQueue(12990*ms, 12985*ms)}
	oneLook := []timeline.Event{emptyQueue(ms, 0), emptyQueue(10*s, 9990*ms)}
	for _, tt := range []struct {
		name string
		*built
		id        string
		want, not string // in the evidence and the fix
	}{
		{"a wrapper without a handler", wrapped(false, killed...).try(14900*ms, "a", lasting(100*ms), failing(timeline.Reset)), ignoresSignal, wrapper, "ListenAndServe"},
		{"a wrapper with a handler that does not end", wrapped(true, killed...).try(14900*ms, "a", lasting(100*ms), failing(timeline.Reset)), graceShorter, "`exec`", "terminationGracePeriodSeconds"},
		{"a wrapper that exits at once", wrapped(true, timeline.Event{At: 10600 * ms, Kind: timeline.Exited, Pod: "a", Code: 1}).try(10*s, "a", lasting(600*ms), failing(timeline.EOF)).try(11*s, "a", refused),
			exitsAtOnce, "make the server process 1", "keep serving for"},
		{"a wrapper that passes the signal on, to a server that closes its listener", wrapped(true, timeline.Event{At: 13 * s, Kind: timeline.Exited, Pod: "a"}).try(10*s+20*ms, "a", refused).try(11*s, "a", refused),
			closesEarly, "keep the listener open", "make the server process 1"},
		{"an init without a handler, which waits for signals and passes them on", func() *built {
			b := build(append([]timeline.Event{event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), emptyQueue(ms, 0), event(10*s, timeline.Signalled, "a"),
				{Kind: timeline.ListenerClosed, Pod: "a", After: 10 * s, At: 10*s + 20*ms, Running: true}}, killed...)...)
			return b.try(9*s, "a").try(9900*ms, "a").try(10100*ms, "a", refused).try(11*s, "a", refused)
		}(), closesEarly, "keep the listener open", "not handled"},
		{"uWSGI reloads", uwsgi(), meansReload, "die-on-term", "terminationGracePeriodSeconds: 40"},
		{"uWSGI with another signal", stopSignal(uwsgi(), "SIGQUIT"), graceShorter, "", "die-on-term"},
		{"nginx, whatever was in flight", command(nginx(), "nginx", "-c", "x"), exitsAtOnce, "SIGQUIT", ""},
		{"nginx, on a machine that was late", command(lateNginx(), "nginx", "-c", "x"), exitsAtOnce, "SIGQUIT", ""},
		{"nginx that already gets its graceful signal", stopSignal(command(nginx(), "nginx"), "SIGQUIT"), closesEarly, "", "STOPSIGNAL"},
		{"nginx with a signal that is not its graceful one either", stopSignal(command(nginx(), "nginx"), "SIGINT"), exitsAtOnce, "STOPSIGNAL SIGQUIT", ""},
		{"gunicorn with a signal that is not its graceful one", stopSignal(command(nginx(), "gunicorn"), "SIGQUIT"), exitsAtOnce, "STOPSIGNAL SIGTERM", ""},
		{"gunicorn with its graceful signal", command(nginx(), "gunicorn"), closesEarly, "", "STOPSIGNAL"},
		{"any other server", command(nginx(), "./app"), closesEarly, "", "STOPSIGNAL"},
		{"haproxy as process 1 has no handler", command(func() *built {
			b := build(append([]timeline.Event{event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a")}, killed...)...)
			return b.try(9*s, "a").try(14900*ms, "a", lasting(100*ms), failing(timeline.Reset))
		}(), "haproxy", "-db"), ignoresSignal, "SIGUSR1", ""},
		{"a hook that kills, and the server exits before the signal", hooked("sh -c sleep 2; kill -QUIT 1; sleep 1", 11*s, never, 10*s, timeline.Event{Code: 2}), hookEnds, "let the hook only wait", ""},
		{"a hook that kills as its last command", hooked("sh -c sleep 2; kill -QUIT 1", 10*s, 10*s+ms, 10*s+20*ms, timeline.Event{Code: 2}), hookEnds, "kill -QUIT 1", ""},
		{"a hook that asks it to quit", hooked("GET :8080/quitquitquit", 10*s, 10*s+ms, 10*s+20*ms, timeline.Event{}), hookEnds, "let the hook only wait", ""},
		{"the same, and the server takes a while to exit", closing(hooked("sh -c sleep 1; nginx -s quit; sleep 1", 10*s, 10*s+ms, 10*s+400*ms, timeline.Event{}), 9*s), hookEnds, "let the hook only wait", ""},
		{"the same, and it closes its listener at the stop signal only", closing(hooked("sh -c sleep 2; kill 7", 10*s, 10*s+ms, 10*s+400*ms, timeline.Event{}), 10*s+50*ms), delayShorter, "", "hook"},
		{"a hook that takes the whole grace period", func() *built {
			b := hooked("sleep 2s", 10*s, 10*s+ms, 12*s, timeline.Event{Code: 137, Signal: "SIGKILL"})
			b.Spec.Grace = 2 * s
			return b
		}(), graceShorter, "nothing is left for the server but the 2 s", "if the server is meant"},
		{"a hook that only waits", hooked("sleep 2s", 10*s, 10*s+ms, 10*s+20*ms, timeline.Event{Code: 2}), delayShorter, "", "hook"},
		{"a hook at the library's handler", hooked("GET :8080/prestop", 10*s, 10*s+ms, 10*s+20*ms, timeline.Event{}), delayShorter, "", "hook"},
		{"a hook that kills another process", hooked("sh -c sleep 2; kill 7", 10*s, 10*s+ms, 10*s+20*ms, timeline.Event{Code: 143, Signal: "SIGTERM"}), delayShorter, "", "hook"},
		{"no longer accepts, with an open socket", limbo(ms, stalled(12980*ms)...), closesEarly, "no longer accepted from 10.05 s", "refused from"},
		{"the same, requests take a while", limbo(700*ms, stalled(12980*ms)...), closesEarly, "no longer accepted from 10.05 s", ""},
		{"no longer accepts, and was busy when the signal came", func() *built {
			b := limbo(ms, stalled(12980*ms)...)
			for i := range b.Events {
				if e := &b.Events[i]; e.StalledBy > 0 {
					e.StalledAfter, e.StalledBy = 9590*ms, 9650*ms
				}
			}
			for i := range b.Attempts {
				if a := &b.Attempts[i]; a.Started >= 9600*ms && a.Ended < 10*s {
					failing(timeline.Reset)(a)
					a.Ended = 13 * s
				}
			}
			return b
		}(), closesEarly, "34 drops", "refused from"},
		{"accepts all and answers none, before it exits", limbo(ms, accepted...), cutsInFlight, "30 drops", "cannot be seen"},
		{"the accept queue cannot be seen", limbo(ms), cutsInFlight, "for 30 of them it cannot be seen", "refused from"},
		{"it was not seen for long enough", limbo(ms, stalled(10300*ms)...), cutsInFlight, "cannot be seen", "refused from"},
		{"it was not seen any more", limbo(ms, oneLook...), cutsInFlight, "for 30 of them it cannot be seen", "refused from"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := Findings(&tt.Run)
			if len(found) != 1 || found[0].ID != tt.id {
				t.Fatalf("%+v, want %s", found, tt.id)
			}
			text := found[0].Evidence + "\n" + found[0].Fix
			if !strings.Contains(text, tt.want) || tt.not != "" && strings.Contains(text, tt.not) {
				t.Errorf("%s\nwant %q, and not %q", text, tt.want, tt.not)
			}
			checkSum(t, &tt.Run, found)
		})
	}
}

// TestAHookOnALateMachine: the hook kills the server, which has exited only when
// the stop signal had been sent as well. Where the kernel does not show when its listener closed,
// that is no different on a machine that is not late.
func TestAHookOnALateMachine(t *testing.T) {
	run := func(waited time.Duration, kernel ...timeline.Event) *built {
		hook := event(8*s, timeline.PreStopStarted, "a")
		hook.Detail = "sh -c sleep 2; kill -QUIT 1"
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), hook, event(10*s, timeline.PreStopEnded, "a"), event(10*s+ms, timeline.Signalled, "a"),
			timeline.Event{Kind: timeline.Starved, Pod: "a", Due: 10 * s, At: 10*s + waited}, timeline.Event{At: 10*s + 350*ms, Kind: timeline.Exited, Pod: "a", Code: 2})
		b.Events = append(b.Events, kernel...)
		for at := 7 * s; at < 10*s+200*ms; at += 100 * ms {
			b.try(at, "a")
		}
		return b.try(10*s+300*ms, "a", lasting(50*ms), failing(timeline.EOF)).try(10*s+400*ms, "a", refused)
	}
	looks := []timeline.Event{emptyQueue(ms, 0), emptyQueue(10*s+340*ms, 10*s+335*ms)}
	if d := diagnosed(withClasses(&run(300*ms, looks...).Run)); d.Verdict != finding.Inconclusive || !strings.Contains(d.Reason, "whether the preStop hook ended the server") {
		t.Errorf("late: %s, %s: %s", d.Verdict, allIDs(d.Findings), d.Reason)
	}
	if d := diagnosed(withClasses(&run(ms).Run)); d.Verdict != finding.Inconclusive || !strings.Contains(d.Reason, "which of them ended the server") {
		t.Errorf("without the kernel: %s, %s: %s", d.Verdict, allIDs(d.Findings), d.Reason)
	}
	if d := diagnosed(withClasses(&run(ms, looks...).Run)); d.Verdict != finding.Fail || allIDs(d.Findings) == hookEnds {
		t.Errorf("not late: %s, %s", d.Verdict, allIDs(d.Findings))
	}
}
