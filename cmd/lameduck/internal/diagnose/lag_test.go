package diagnose

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// starved is a pod that exits on its signal, but gets no processor time for 3.4
// s before it can. Until then it answers no request.
func starved(control time.Duration) *timeline.Run {
	t0 := 10 * time.Second
	exit := t0 + 3400*time.Millisecond
	run := &timeline.Run{Stage: "lab", Action: "rollout", Events: []timeline.Event{
		{At: 0, Kind: timeline.Started, Pod: "app-1"}, {At: time.Second, Kind: timeline.Ready, Pod: "app-1"},
		{At: t0, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
		{At: exit, Kind: timeline.Exited, Pod: "app-1", Code: 2},
		{At: exit - 5*ms, After: exit - 10*ms, Kind: timeline.AcceptQueue, Pod: "app-1", Waiting: 33, StalledAfter: t0, StalledBy: t0 + 10*ms},
	}}
	for i := range 130 {
		at := time.Duration(i) * 100 * time.Millisecond
		a := timeline.Attempt{Pattern: "new", Pod: "app-1", Conn: uint64(i + 1), Scheduled: at, Started: at, Sent: at, Ended: at + time.Millisecond}
		if a.Ended > t0 {
			a.Ended, a.Cause = exit, timeline.EOF
		}
		c := timeline.Attempt{Control: true, Pattern: "new", Scheduled: at, Started: at, Ended: at + time.Millisecond}
		if at >= t0 {
			c.Ended = at + control
		}
		run.Attempts = append(run.Attempts, a, c)
	}
	return run
}

func TestABusyMachineIsNotTheServersDelay(t *testing.T) {
	for control, want := range map[time.Duration]string{
		time.Millisecond: closesEarly, // the machine was not late: the server no longer accepted
		3 * time.Second:  exitsAtOnce,
	} {
		var ids []string
		for _, f := range Findings(starved(control)) {
			ids = append(ids, f.ID)
		}
		if !slices.Equal(ids, []string{want}) {
			t.Errorf("with %v at the control target: %v, want %s", control, ids, want)
		}
	}
}

// TestABusyMachineIsNoProcessAfterTheListener: what a client notices late may
// have happened before the listener was closed, with the rest of the process.
func TestABusyMachineIsNoProcessAfterTheListener(t *testing.T) {
	for control, want := range map[time.Duration]string{
		time.Millisecond:       closesEarly,
		400 * time.Millisecond: exitsAtOnce,
	} {
		t0 := 10 * time.Second
		exit := t0 + 500*time.Millisecond
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{
			{At: 0, Kind: timeline.Started, Pod: "app-1"}, {At: 1, Kind: timeline.Ready, Pod: "app-1"},
			{At: t0, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
			{At: exit, Kind: timeline.Exited, Pod: "app-1", Code: 2},
		}, Attempts: []timeline.Attempt{
			{Pattern: "new", Pod: "app-1", Conn: 1, Started: time.Second, Ended: time.Second},
			{Pattern: "new", Pod: "app-1", Conn: 2, Started: t0, Ended: exit, Cause: timeline.EOF},
			{Pattern: "new", Pod: "app-1", Started: t0 + 100*time.Millisecond, Ended: t0 + 100*time.Millisecond, Cause: timeline.Refused},
			{Pattern: "new", Pod: "app-1", Started: 11 * time.Second, Ended: 11 * time.Second, Cause: timeline.Refused},
			{Control: true, Scheduled: t0, Ended: t0 + control},
		}}
		for i := range run.Attempts {
			if a := &run.Attempts[i]; !a.Control {
				a.Scheduled = a.Started
			}
		}
		found := Findings(run)
		if len(found) != 1 || found[0].ID != want {
			t.Errorf("with %v at the control target: %+v, want %s", control, found, want)
		}
	}
}

// TestABusyMachineIsNoRequestInProgress: where clients wait, a connection that
// was reset may have waited to be accepted, which a graceful shutdown does not
// finish.
func TestABusyMachineIsNoRequestInProgress(t *testing.T) {
	for control, want := range map[time.Duration]string{
		time.Millisecond:       exitsAtOnce,
		400 * time.Millisecond: closesEarly,
	} {
		t0 := 10 * time.Second
		exit := t0 + 100*time.Millisecond
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{
			{At: 0, Kind: timeline.Started, Pod: "app-1"}, {At: 1, Kind: timeline.Ready, Pod: "app-1"},
			{At: t0, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
			{At: exit - 5*ms, After: exit - 5*ms, Kind: timeline.AcceptQueue, Pod: "app-1"},
			{At: exit, Kind: timeline.Exited, Pod: "app-1"},
		}, Attempts: []timeline.Attempt{
			{Pattern: "new", Pod: "app-1", Conn: 1, Started: time.Second, Ended: time.Second},
			{Pattern: "slow", Pod: "app-1", Conn: 2, Started: t0 - 300*time.Millisecond, Sent: never, Ended: exit, Cause: timeline.Reset},
			{Pattern: "new", Pod: "app-1", Started: 11 * time.Second, Ended: 11 * time.Second, Cause: timeline.Refused},
			{Control: true, Scheduled: t0 - 300*time.Millisecond, Ended: t0 - 300*time.Millisecond + control},
		}}
		found := Findings(run)
		if len(found) != 1 || found[0].ID != want {
			t.Errorf("with %v at the control target: %+v, want %s", control, found, want)
		}
	}
}

// TestARequestInProgressMayHaveBeenInTheQueue: the server cut a request that it had for a
// second, where its accept queue was seen to move faster than that; else nothing shows
// whether it had accepted the connection.
func TestARequestInProgressMayHaveBeenInTheQueue(t *testing.T) {
	for took, want := range map[time.Duration]string{ms: exitsAtOnce, 1500 * ms: closesEarly} {
		t0 := 10 * time.Second
		exit := t0 + 200*time.Millisecond
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{
			{At: 0, Kind: timeline.Started, Pod: "app-1"}, {At: 1, Kind: timeline.Ready, Pod: "app-1"},
			{At: t0, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
			{At: exit, Kind: timeline.Exited, Pod: "app-1"},
		}, Attempts: []timeline.Attempt{
			{Pattern: "new", Pod: "app-1", Conn: 99, Started: time.Second, Sent: time.Second, Ended: time.Second + took},
			{Pattern: "slow", Pod: "app-1", Conn: 98, Started: time.Second, Sent: time.Second, Ended: 4 * time.Second},
			{Pattern: "new", Pod: "app-1", Started: 11 * time.Second, Ended: 11 * time.Second, Cause: timeline.Refused},
		}}
		for i := range 10 {
			a := timeline.Attempt{Pattern: "slow", Pod: "app-1", Conn: uint64(i + 1), Started: t0 - time.Second, Sent: never, Ended: exit, Cause: timeline.EOF}
			if i == 0 {
				a.Sent = a.Started
			}
			run.Attempts = append(run.Attempts, a)
		}
		for i := range run.Attempts {
			run.Attempts[i].Scheduled = run.Attempts[i].Started
		}
		d := diagnosed(withClasses(run))
		if allIDs(d.Findings) != want || (want == exitsAtOnce) != (d.Verdict == finding.Fail) {
			t.Errorf("responses of %v: %s, %+v, want %s", took, d.Verdict, d.Findings, want)
		}
	}
}

// TestTheListenerAndTheExit: whether the process closed its listener, or the end of the
// process did, shows what a request means whose first bytes it was reading when it exited.
func TestTheListenerAndTheExit(t *testing.T) {
	const exit = 10*s + 200*ms
	gone := func(after time.Duration, running bool) timeline.Event {
		return timeline.Event{Kind: timeline.ListenerClosed, Pod: "a", After: after, At: exit - 5*ms, Running: running}
	}
	for _, tt := range []struct {
		name   string
		look   timeline.Event // the last one
		reused bool           // the connection with the request
		sent   bool           // all of the request
		code   int
		want   string
		sure   bool
	}{
		{"open at the last look", emptyQueue(exit-25*ms, exit-26*ms), false, false, 0, exitsAtOnce, true},
		{"closed with the process", gone(exit-30*ms, false), false, false, 0, exitsAtOnce, true},
		{"closed, and the process ran", gone(exit-100*ms, true), false, false, 0, closesEarly, true},
		{"closed, and the process ran, and then it ended by a signal", gone(exit-100*ms, true), false, false, 143, closesEarly, true},
		{"closed, and the process ran, but not until it had responded", gone(exit-100*ms, true), false, true, 0, exitsAtOnce, true},
		{"no look for a while", emptyQueue(exit-150*ms, exit-151*ms), false, false, 0, exitsAtOnce, false},
		{"no look for a while, and it had all of the request", emptyQueue(exit-150*ms, exit-151*ms), false, true, 0, exitsAtOnce, true},
		{"a kept connection, which many close", emptyQueue(exit-25*ms, exit-26*ms), true, false, 0, closesEarly, false},
		{"another exit code", emptyQueue(exit-25*ms, exit-26*ms), true, false, 2, exitsAtOnce, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), emptyQueue(ms, 0), event(10*s, timeline.Signalled, "a"), tt.look,
				timeline.Event{At: exit, Kind: timeline.Exited, Pod: "a", Code: tt.code})
			for at := s; at < 10*s; at += 100 * ms {
				b.try(at, "a")
			}
			b.try(9*s, "a", lasting(s+200*ms), failing(timeline.EOF), func(a *timeline.Attempt) {
				if a.Reused = tt.reused; !tt.sent {
					a.Sent = never
				}
			})
			d := diagnosed(withClasses(&b.try(11*s, "a", refused).Run))
			if allIDs(d.Findings) != tt.want || (d.Verdict == finding.Fail) != tt.sure {
				t.Errorf("%s, %s (%s), want %s", d.Verdict, allIDs(d.Findings), d.Reason, tt.want)
			}
		})
	}
}

// TestALateExitIsNoRequestInProgress: a process that answers no request any
// more has none in progress: it is exiting, or waits for a processor.
func TestALateExitIsNoRequestInProgress(t *testing.T) {
	t0, exit := 10*time.Second, 20*time.Second
	for lastAnswer, want := range map[time.Duration]string{
		exit - 400*time.Millisecond: cutsKeepAlive,
		exit - 100*time.Millisecond: cutsInFlight,
	} {
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{
			{At: 0, Kind: timeline.Started, Pod: "app-1"}, {At: 1, Kind: timeline.Ready, Pod: "app-1"},
			{At: t0, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
			{At: exit, Kind: timeline.Exited, Pod: "app-1"},
		}, Attempts: []timeline.Attempt{
			{Pattern: "keepalive", Pod: "app-1", Conn: 1, Started: time.Second, Ended: time.Second},
			{Pattern: "keepalive", Pod: "app-1", Conn: 1, Reused: true, Started: 15 * time.Second, Sent: 15 * time.Second, Ended: 15 * time.Second},
			{Pattern: "keepalive", Pod: "app-1", Conn: 2, Started: time.Second, Ended: time.Second},
			{Pattern: "keepalive", Pod: "app-1", Conn: 2, Reused: true, Started: lastAnswer, Sent: lastAnswer, Ended: lastAnswer},
			{Pattern: "keepalive", Pod: "app-1", Conn: 1, Reused: true, Started: exit - 390*time.Millisecond, Sent: exit - 390*time.Millisecond, Ended: exit, Cause: timeline.Reset},
			{Control: true, Scheduled: exit - 390*time.Millisecond, Ended: exit - 389*time.Millisecond},
		}}
		var dropped []string
		for _, f := range Findings(run) {
			if f.Drops > 0 {
				dropped = append(dropped, f.ID)
			}
		}
		if !slices.Equal(dropped, []string{want}) {
			t.Errorf("last answer %v before the exit: %v, want %s", exit-lastAnswer, dropped, want)
		}
	}
}

// TestAResponseInFlightAtT0 could not have Connection: close yet.
func TestAResponseInFlightAtT0(t *testing.T) {
	for previous, want := range map[time.Duration]map[string]int{
		100 * time.Millisecond: {delayShorter: 2},
		600 * time.Millisecond: {delayShorter: 1, cutsKeepAlive: 1},
	} {
		t0, closed := 10*time.Second, 12*time.Second
		slow := func(from, to time.Duration, reused bool, cause timeline.Cause) timeline.Attempt {
			return timeline.Attempt{Pattern: "slow", Pod: "app-1", Conn: 1, Scheduled: from, Started: from, Sent: timeline.Never, Ended: to, Reused: reused, Cause: cause}
		}
		run := &timeline.Run{Stage: "lab", Events: []timeline.Event{
			{At: 0, Kind: timeline.Started, Pod: "app-1"}, {At: 1, Kind: timeline.Ready, Pod: "app-1"},
			{At: t0, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
			{At: closed + time.Second, Kind: timeline.Exited, Pod: "app-1"},
		}, Attempts: []timeline.Attempt{
			slow(8*time.Second, t0+previous, false, ""),
			slow(t0+previous, closed, true, timeline.EOF),
			{Pattern: "new", Pod: "app-1", Scheduled: closed, Started: closed, Ended: closed, Cause: timeline.Refused},
		}}
		drops := map[string]int{}
		for _, f := range Findings(run) {
			drops[f.ID] = f.Drops
		}
		if !maps.Equal(drops, want) {
			t.Errorf("answered %v after T0: %v, want %v", previous, drops, want)
		}
	}
}

// TestAControlTargetThatIsNotReached: how long its clients waited is no
// evidence about the machine, nor about a pod that kept serving for as long.
func TestAControlTargetThatIsNotReached(t *testing.T) {
	run := (&simulation{server: server{preStop: -1, closes: 5 * time.Second, sendsClose: true}, propagation: 2 * time.Second}).simulate()
	for at := time.Duration(0); at < trafficEnd; at += 100 * time.Millisecond {
		run.Attempts = append(run.Attempts, timeline.Attempt{Control: true, Pattern: "new", Scheduled: at, Started: at, Ended: at + 5*time.Second, Cause: timeline.DialTimeout})
	}
	for _, f := range Findings(run) {
		t.Errorf("%s: %s", f.ID, f.Evidence)
	}
}

// TestALongPathIsNoLateMachine: the control target is as far away as its connections take to be
// made. What takes longer than the path is late.
func TestALongPathIsNoLateMachine(t *testing.T) {
	for late, want := range map[time.Duration]finding.Verdict{0: finding.Fail, 800 * ms: finding.Inconclusive} {
		run := (&simulation{server: server{preStop: -1, closes: 700 * ms, exits: 700 * ms, exitCode: 2}, propagation: 2 * s}).simulate()
		farAway(withControl(withClasses(run)), 150*ms)
		for i := range run.Attempts {
			if a := &run.Attempts[i]; a.Control {
				a.Ended += late
			}
		}
		if d := diagnosed(run); d.Verdict != want || allIDs(d.Findings) != exitsAtOnce {
			t.Errorf("late by %v: %s, %s (%s), want %s", late, d.Verdict, allIDs(d.Findings), d.Reason, want)
		}
	}
}

// TestResponsesThatAreNoticedLate: the server had responded before its termination began, and then to
// nothing any more; its client noticed the responses long after that. So it had no response
// in which it could have asked the connection to close.
func TestResponsesThatAreNoticedLate(t *testing.T) {
	for started, want := range map[time.Duration]string{9900 * ms: "", 10050 * ms: cutsKeepAlive} {
		b := onePod()
		for i := range 5 {
			conn := uint64(i + 1)
			b.try(s, "a", on(conn))
			b.try(started, "a", on(conn), lasting(13*s-started)).try(started+20*ms, "a", on(conn), lasting(13*s-started-20*ms), ending(timeline.FIN, 15*s))
		}
		b.try(11*s, "a").try(12*s, "a")
		if d := diagnosed(withClasses(&b.Run)); allIDs(d.Findings) != want {
			t.Errorf("from %v on: %s, want %q", started, allIDs(d.Findings), want)
		}
	}
}

// TestTheLongestWait compares the answer with a look at each wait.
func TestTheLongestWait(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for range 300 {
		l := &lag{inTime: inTime}
		for range r.IntN(3 * blockSize) {
			due := moment(r)
			l.add(wait{due, due + moment(r)/time.Duration(1+r.IntN(100))})
		}
		l.sort()
		from := moment(r)
		to := from + moment(r)/4
		var want time.Duration
		for _, w := range l.waits {
			if w.due <= to && w.over >= from {
				want = max(want, w.over-w.due)
			}
		}
		if got := l.during(from, to); got != want {
			t.Fatalf("%d waits, from %v to %v: %v, want %v", len(l.waits), from, to, got, want)
		}
	}
}

// TestManyShortWaits: the pod waits for a processor again and again while it has a request,
// which it would have answered otherwise: that is no second fault.
func TestManyShortWaits(t *testing.T) {
	const exit = 15 * s
	b := onePod()
	for at := exit - 500*ms; at < exit; at += 50 * ms {
		b.with(timeline.Event{Kind: timeline.Starved, Pod: "a", Due: at, At: at + 40*ms})
	}
	for conn := range uint64(2) {
		b.try(s, "a", on(conn+1)).try(11*s, "a", on(conn+1)).try(14*s, "a", on(conn+1))
	}
	b.try(exit-500*ms, "a", on(1), lasting(500*ms), failing(timeline.EOF)).try(exit-20*ms, "a", on(2), lasting(20*ms), failing(timeline.EOF))
	for at := 13 * s; at < exit-20*ms; at += 50 * ms {
		b.try(at, "a")
	}
	d := diagnosed(withClasses(&b.Run))
	if !slices.Equal(idsOf(d.Findings), []string{cutsKeepAlive}) || len(d.Findings) != 1 {
		t.Errorf("%+v, want %s alone", d.Findings, cutsKeepAlive)
	}
}

// TestAnEventOnItsWay: a cluster reports an event some time after it, and this machine was
// late in between.
func TestAnEventOnItsWay(t *testing.T) {
	o := observer{waits: &lag{inTime: inTime}}
	o.waits.add(wait{10 * s, 11 * s})
	o.waits.sort()
	for w, want := range map[window]window{
		{10900 * ms, 11200 * ms}: {9900 * ms, 11200 * ms},
		{11100 * ms, 11200 * ms}: {11100 * ms, 11200 * ms},
		none:                     none,
	} {
		if got := o.recorded(w); got != want {
			t.Errorf("%v: %v, want %v", w, got, want)
		}
	}
}

// TestAResponseNoticedLate: the server responds just before the stop signal, and the client
// notices that after a stall, with the first response that asks to close. The server could not
// have asked that one.
func TestAResponseNoticedLate(t *testing.T) {
	for stall, want := range map[time.Duration][]string{90 * ms: {delayShorter}, 0: {cutsKeepAlive, delayShorter}} {
		b := onePod().with(timeline.Event{At: 10090 * ms, Due: 10090*ms - stall, Kind: timeline.Stalled},
			emptyQueue(ms, 0), timeline.Event{At: 11520 * ms, After: 11500 * ms, Kind: timeline.ListenerClosed, Pod: "a", Running: true})
		b.try(9*s, "a").try(9500*ms, "a")
		asked, unasked := uint64(1), uint64(2)
		seen := func(a *timeline.Attempt) { a.Ended = 10091 * ms }
		b.try(9995*ms, "a", on(asked), seen, ending(timeline.Announced, 10091*ms))
		b.try(9995*ms, "a", on(unasked), func(a *timeline.Attempt) { a.Ended = 10092 * ms })
		for at := 10200 * ms; at < 11500*ms; at += 50 * ms {
			b.try(at, "a", ending(timeline.Announced, at+ms))
		}
		b.try(11450*ms, "a", on(unasked), failing(timeline.EOF), lasting(60*ms), func(a *timeline.Attempt) { a.Sent = never })
		for at := 11550 * ms; at < 13*s; at += 50 * ms {
			b.try(at, "a", refused)
		}
		ids := idsOf(Findings(&b.Run))
		slices.Sort(ids)
		if !slices.Equal(ids, want) {
			t.Errorf("stalled for %s: %q, want %q", stall, ids, want)
		}
	}
}
