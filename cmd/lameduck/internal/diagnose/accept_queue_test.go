package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestWaitedInTheAcceptQueue: looks at 0 to 1 s saw an empty queue, at 1.1 to 2
// s one with connections, at 2.1 to 3 s an empty one, and from 4 s on no listener.
func TestWaitedInTheAcceptQueue(t *testing.T) {
	q := newAcceptQueue()
	for _, e := range []timeline.Event{
		{Kind: timeline.AcceptQueue, At: 10 * ms},
		{Kind: timeline.AcceptQueue, After: s, At: 1100 * ms, Waiting: 2, StalledAfter: s, StalledBy: 1100 * ms},
		{Kind: timeline.AcceptQueue, After: 2 * s, At: 2100 * ms},
		{Kind: timeline.ListenerClosed, After: 3 * s, At: 4 * s},
		{Kind: timeline.ListenerClosed, After: 5 * s, At: 5 * s},
		{Kind: timeline.Exited, At: 6 * s},
	} {
		q.addEvent(e)
	}
	for _, tt := range []struct {
		name        string
		made, until time.Duration
		want        answer
	}{
		{"seen to be empty", 100 * ms, 500 * ms, no},
		{"waits for a while, and is accepted", 1050 * ms, 2500 * ms, no},
		{"waits until its end", 1050 * ms, 1900 * ms, yes},
		{"made before it was last empty", 900 * ms, 1900 * ms, no},
		{"no look meanwhile", 3100 * ms, 3900 * ms, unsure},
		{"no listener", 4100 * ms, 5 * s, unsure},
		{"after the last look", 6 * s, 7 * s, unsure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := q.waited(tt.made, tt.until); got != tt.want {
				t.Errorf("answer %d, want %d", got, tt.want)
			}
		})
	}
	if q.stalled.came() {
		t.Errorf("stalled since %v, though all were accepted", q.stalled)
	}
	if (&acceptQueue{}).waited(0, s) != unsure {
		t.Error("it is sure without having seen anything")
	}
}

// TestTheKernelKnowsWhenTheListenerClosed: few connections come, the first that is
// refused 1.5 s after T0, and the last that was served 3 s before.
func TestTheKernelKnowsWhenTheListenerClosed(t *testing.T) {
	closed := func(after, at, last time.Duration) []timeline.Event {
		return []timeline.Event{emptyQueue(ms, 0),
			{At: at, After: after, Kind: timeline.ListenerClosed, Pod: "a"}, {At: last + ms, After: last, Kind: timeline.ListenerClosed, Pod: "a"}}
	}
	for _, tt := range []struct {
		name  string
		queue []timeline.Event
		want  string
		sure  bool
		text  string
	}{
		{"not seen", nil, delayShorter, false, "kept serving for 1.50 s"},
		{"at T0", closed(10*s, 10020*ms, 12970*ms), closesEarly, true, "refused from 10.02 s"},
		{"later", closed(11300*ms, 11320*ms, 12970*ms), delayShorter, true, "kept serving for 1.32 s"},
		{"with the process, for all that was seen", closed(11300*ms, 12990*ms, 12980*ms), delayShorter, false, "kept serving for 1.50 s"},
		{"before T0", closed(9*s, 9025*ms, 12970*ms), delayShorter, false, "kept serving for 1.50 s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			signal := event(10*s, timeline.Signalled, "a")
			signal.Caught = true
			b := build(append([]timeline.Event{event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(13*s, timeline.Exited, "a")}, tt.queue...)...)
			b.try(2*s, "a").try(8500*ms, "a").try(11500*ms, "a", refused).try(12500*ms, "a", refused)
			found := Findings(&b.Run)
			if len(found) != 1 || found[0].ID != tt.want || found[0].Doubt == "" != tt.sure || !strings.Contains(found[0].Evidence, tt.text) {
				t.Errorf("%+v\nwant %s, sure: %v, %q", found, tt.want, tt.sure, tt.text)
			}
			checkSum(t, &b.Run, found)
		})
	}
}

// TestOnlyTheKernelShowsThatTheListenerClosed: the pod is killed, and no client came to it after
// the signal, at which the server closed its listener.
func TestOnlyTheKernelShowsThatTheListenerClosed(t *testing.T) {
	for closed, want := range map[time.Duration]string{10150 * ms: closesEarly, 13 * s: graceShorter} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		gone := timeline.Event{At: closed, After: closed - 25*ms, Kind: timeline.ListenerClosed, Pod: "a", Running: true}
		last := gone
		last.After, last.At = 14980*ms, 14990*ms
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, emptyQueue(ms, 0), gone, last,
			event(15*s, timeline.Killed, "a"), timeline.Event{At: 15 * s, Kind: timeline.Exited, Pod: "a", Code: 137})
		found := Findings(&b.try(9*s, "a").try(9990*ms, "a").try(12*s, "b").Run)
		if len(found) != 1 || found[0].ID != want || found[0].Doubt != "" {
			t.Errorf("closed at %v: %+v, want %s", closed, found, want)
		}
	}
}

// TestAQueueNoLongerThanASlowResponse: the server accepted nothing in its last 2.9 s. One
// that handles one request at a time does so too, if a response takes 3 s.
func TestAQueueNoLongerThanASlowResponse(t *testing.T) {
	cut := func(a *timeline.Attempt) { failing(timeline.EOF)(a); a.Ended = 13 * s }
	for slowest, sure := range map[time.Duration]bool{3 * s: false, 100 * ms: true} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(13*s, timeline.Exited, "a"),
			emptyQueue(ms, 0), timeline.Event{At: 12990 * ms, After: 12970 * ms, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 2, StalledAfter: 10 * s, StalledBy: 10020 * ms})
		b.try(2*s, "a", func(a *timeline.Attempt) { a.Ended = a.Started + slowest })
		b.try(10030*ms, "a", cut).try(12*s, "a", cut, func(a *timeline.Attempt) { a.Sent = never })
		found := Findings(&b.Run)
		if len(found) != 1 || found[0].Doubt == "" != sure || sure && found[0].ID != closesEarly {
			t.Errorf("with responses that take %v: %+v", slowest, found)
		}
	}
}

// TestResetByTheListenerThatCloses: the server accepts nothing after T0, closes its listener
// 1.2 s later, which resets what waits in the queue, and finishes a response until 13 s. With
// responses that take 2 s it may have been busy: its clients lose the same. Where the listener
// is open until the exit, nothing but the time shows what was in the queue.
func TestResetByTheListenerThatCloses(t *testing.T) {
	cut := func(a *timeline.Attempt) { failing(timeline.Reset)(a); a.Ended = 11220 * ms }
	for closes, want := range map[bool]string{true: closesEarly, false: cutsInFlight} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(13*s, timeline.Exited, "a"),
			emptyQueue(ms, 0), timeline.Event{At: 9520 * ms, After: 9500 * ms, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 1, StalledAfter: 9500 * ms, StalledBy: 9520 * ms})
		if closes {
			b.Events = append(b.Events,
				timeline.Event{At: 11230 * ms, After: 11200 * ms, Kind: timeline.ListenerClosed, Pod: "a", StalledAfter: 9600 * ms, StalledBy: 9620 * ms, Running: true},
				timeline.Event{At: 12990 * ms, After: 12970 * ms, Kind: timeline.ListenerClosed, Pod: "a", StalledAfter: 9600 * ms, StalledBy: 9620 * ms, Running: true})
		}
		b.try(2*s, "a", func(a *timeline.Attempt) { a.Ended = a.Started + 2*s })
		b.try(10200*ms, "a", cut, func(a *timeline.Attempt) { a.Sent = never }).try(10500*ms, "a", cut).try(11*s, "a", cut)
		found := Findings(&b.Run)
		if len(found) != 1 || found[0].ID != want || found[0].Doubt == "" != closes {
			t.Errorf("closes: %v: %+v\nwant %s", closes, found, want)
		}
		checkSum(t, &b.Run, found)
	}
}

// TestASupervisorOutlivesItsServer: the server ends at the stop signal, with a request in
// progress; process 1, which runs it, 2 s later. It is the same where process 1 is of the server,
// and cuts what is in progress: no request was finished in these 2 s.
func TestASupervisorOutlivesItsServer(t *testing.T) {
	cut := func(a *timeline.Attempt) { failing(timeline.EOF)(a); a.Ended = 10050 * ms }
	for _, ended := range []bool{true, false} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		closed := timeline.Event{At: 10060 * ms, After: 10030 * ms, Kind: timeline.ListenerClosed, Pod: "a", Running: !ended, Ended: ended}
		last := closed
		last.After, last.At = 11970*ms, 11990*ms
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(12*s, timeline.Exited, "a"), emptyQueue(ms, 0), closed, last)
		b.try(2*s, "a").try(8*s, "a", cut).try(10500*ms, "a", refused).try(11*s, "a", refused)
		found := Findings(&b.Run)
		if len(found) != 1 || found[0].ID != exitsAtOnce || found[0].Doubt != "" {
			t.Errorf("ended: %v: %+v\nwant %s", ended, found, exitsAtOnce)
		}
		checkSum(t, &b.Run, found)
	}
}

// TestWorkersEndBeforeProcess1: the workers end at the stop signal and cut a request in
// progress; process 1 holds the listener, and exits about a second later, as uWSGI does.
// Whether that is a second decides nothing.
func TestWorkersEndBeforeProcess1(t *testing.T) {
	for _, exit := range []time.Duration{10900 * ms, 11 * s, 11050 * ms, 13 * s} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(exit, timeline.Exited, "a"), emptyQueue(ms, 0),
			timeline.Event{At: 10040 * ms, After: 10010 * ms, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 3, StalledAfter: 10010 * ms, StalledBy: 10040 * ms},
			timeline.Event{At: exit - 5*ms, After: exit - 30*ms, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 9, StalledAfter: 10010 * ms, StalledBy: 10040 * ms})
		cutAt := func(at time.Duration) func(*timeline.Attempt) {
			return func(a *timeline.Attempt) { failing(timeline.EOF)(a); a.Ended = at }
		}
		b.try(2*s, "a").try(8*s, "a", cutAt(10010*ms)).try(10050*ms, "a", cutAt(exit)).try(10500*ms, "a", cutAt(exit)).try(exit+50*ms, "a", refused)
		found := Findings(&b.Run)
		if len(found) != 1 || found[0].ID != exitsAtOnce || found[0].Doubt != "" {
			t.Errorf("exit at %s: %+v\nwant %s", exit, found, exitsAtOnce)
		}
		checkSum(t, &b.Run, found)
	}
}

// TestNoClientCameToAClosedListener: the server closed its listener at the signal. That no client
// was refused, and that it kept two connections in use until its exit, does not change that.
func TestNoClientCameToAClosedListener(t *testing.T) {
	for closed, want := range map[time.Duration]string{10050 * ms: closesEarly, 12 * s: cutsKeepAlive} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		gone := timeline.Event{Kind: timeline.ListenerClosed, Pod: "a", After: closed - 25*ms, At: closed, Running: true}
		last := gone
		last.After, last.At = 13970*ms, 13990*ms
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, emptyQueue(ms, 0), gone, last, event(14*s, timeline.Exited, "a"))
		for at := 9 * s; at < 14*s; at += 500 * ms {
			b.try(at, "a", on(1), ending(timeline.FIN, 14*s)).try(at, "a", on(2), ending(timeline.FIN, 14*s))
		}
		if d := diagnosed(withClasses(&b.Run)); allIDs(d.Findings) != want || d.Verdict != finding.Fail {
			t.Errorf("closed at %v: %s, %s (%s), want %s", closed, d.Verdict, allIDs(d.Findings), d.Reason, want)
		}
	}
}

// TestAClosedListenerOnALateMachine: the machine stalled from the signal on, so that the server closed
// its listener 2 s later, which was not long after it got the signal. No client was refused.
func TestAClosedListenerOnALateMachine(t *testing.T) {
	for late, want := range map[time.Duration]string{2 * s: closesEarly, 20 * ms: cutsKeepAlive} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		gone := timeline.Event{Kind: timeline.ListenerClosed, Pod: "a", After: 12020 * ms, At: 12045 * ms, Running: true}
		last := gone
		last.After, last.At = 14970*ms, 14990*ms
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, emptyQueue(ms, 0), gone, last, event(15*s, timeline.Exited, "a"),
			timeline.Event{Kind: timeline.Stalled, Due: 10*s + 20*ms, At: 10*s + 20*ms + late})
		for at := 9 * s; at < 15*s; at += 500 * ms {
			b.try(at, "a", on(1), ending(timeline.FIN, 15*s)).try(at, "a", on(2), ending(timeline.FIN, 15*s))
		}
		if d := diagnosed(withClasses(&b.Run)); allIDs(d.Findings) != want || (want == closesEarly) != (d.Verdict == finding.Inconclusive) {
			t.Errorf("late by %v: %s, %s (%s), want %s", late, d.Verdict, allIDs(d.Findings), d.Reason, want)
		}
	}
}

// TestAtTheLimitOfAtOnce: the listener closes a second after the signal, which is the limit of
// what stops at once, and the reason for the doubt states that.
func TestAtTheLimitOfAtOnce(t *testing.T) {
	signal := event(10*s, timeline.Signalled, "a")
	signal.Caught = true
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(13*s, timeline.Exited, "a"), emptyQueue(ms, 0),
		timeline.Event{At: 10990 * ms, Due: 10970 * ms, Kind: timeline.Stalled})
	b.try(8*s, "a").try(9500*ms, "a", lasting(3*s)).try(10500*ms, "a").try(11010*ms, "a", refused)
	found := Findings(&b.Run)
	if len(found) != 1 || found[0].ID != closesEarly || !strings.Contains(found[0].Doubt, "what does so within 1.00 s stops at once") {
		t.Errorf("%+v", found)
	}
}

// TestASupervisorOutlivesItsServerOnALateMachine: the same, and the looks at the listener were so
// far apart that it may have closed before the server ended. A first request that had been coming
// in for 2 s was cut, so that is not likely.
func TestASupervisorOutlivesItsServerOnALateMachine(t *testing.T) {
	cut := func(a *timeline.Attempt) { failing(timeline.EOF)(a); a.Ended, a.Sent = 10050*ms, never }
	for started, want := range map[time.Duration]string{8 * s: exitsAtOnce, 10045 * ms: closesEarly} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		closed := timeline.Event{At: 10150 * ms, After: 10*s + ms, Kind: timeline.ListenerClosed, Pod: "a", Ended: true}
		last := closed
		last.After, last.At = 11970*ms, 11990*ms
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(12*s, timeline.Exited, "a"), emptyQueue(ms, 0), closed, last)
		b.try(2*s, "a").try(started, "a", cut).try(10160*ms, "a", refused).try(11*s, "a", refused)
		found := Findings(&b.Run)
		if len(found) != 1 || found[0].ID != want || found[0].Doubt == "" {
			t.Errorf("a request since %v: %+v\nwant %s, not certain", started, found, want)
		}
		checkSum(t, &b.Run, found)
	}
}

// TestNothingServedUntilALateExit: the server ends its workers at the stop signal, with the
// connections that they had, and gets no processor to exit for 6 s. Its listener is open until
// then, and what comes waits in its queue: that is void. It did not keep serving, also where it
// finished a request that it had.
func TestNothingAcceptedUntilALateExit(t *testing.T) {
	for command, want := range map[string]string{"hypnotoad": exitsAtOnce, "./server": closesEarly, "./finishes": closesEarly} {
		signal := event(10*s, timeline.Signalled, "a")
		signal.Caught = true
		stalled := timeline.Event{At: 9450 * ms, After: 9430 * ms, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 1, StalledAfter: 9430 * ms, StalledBy: 9450 * ms}
		closed := stalled
		closed.Kind, closed.After, closed.At, closed.Waiting, closed.Running = timeline.ListenerClosed, 16100*ms, 16150*ms, 0, true
		b := commanded(build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), signal, event(16200*ms, timeline.Exited, "a"), emptyQueue(ms, 0), stalled, closed), command)
		b.try(s, "a", lasting(6*s)).try(9*s, "a", lasting(400*ms))
		b.try(9900*ms, "a", on(uint64(len(b.Attempts))), lasting(300*ms), failing(timeline.Reset))
		for at := 10100 * ms; at < 12*s; at += 300 * ms {
			b.try(at, "a", lasting(16120*ms-at), failing(timeline.Reset), func(a *timeline.Attempt) { a.Void = true })
		}
		if command == "./finishes" {
			b.try(9*s, "a", lasting(3*s))
		}
		for at := s; at < 16*s; at += s {
			lateOnce(b, at, 900*ms)
		}
		d := diagnosed(withClasses(&b.Run))
		if d.Verdict != finding.Inconclusive || allIDs(d.Findings) != want {
			t.Errorf("%s: %s, %s: %s\nwant %s, inconclusive", command, d.Verdict, allIDs(d.Findings), d.Reason, want)
		}
	}
}
