package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// overloaded is a run of 20 s in which clients time out all the time, and one
// pod terminates well.
func overloaded(every time.Duration, from, to time.Duration, control func(*timeline.Attempt)) *built {
	b := onePod()
	for at := 100 * ms; at < 14*s; at += 100 * ms {
		b.try(at, "a")
		b.try(at, "", func(a *timeline.Attempt) { a.Control = true; control(a) })
		if at >= from && at < to && at%every == 0 {
			b.try(at, "a", failing(timeline.Timeout), lasting(2*s))
		}
	}
	return b
}

func TestBusy(t *testing.T) {
	fine := func(*timeline.Attempt) {}
	late := func(a *timeline.Attempt) { a.Ended = a.Started + 2*s }
	broken := func(a *timeline.Attempt) { failing(timeline.Timeout)(a); a.Ended = a.Started + 10*ms }
	for _, tt := range []struct {
		name string
		*built
		want string
	}{
		{"all over the run", overloaded(500*ms, 0, 14*s, fine), notKeepingUp},
		{"the control target waits as well", overloaded(500*ms, 0, 14*s, late), tooBusy},
		{"the control target fails as well", overloaded(500*ms, 0, 14*s, broken), tooBusy},
		{"at the replacement, while the old pod terminates", func() *built {
			b := onePod()
			b.Events = append(b.Events, event(9*s, timeline.Started, "b"), event(9*s+500*ms, timeline.Ready, "b"))
			b.Events[3].At = 24 * s // the old pod takes long
			for at := 100 * ms; at < 24*s; at += 100 * ms {
				b.try(at, "", func(a *timeline.Attempt) { a.Control = true })
			}
			b.try(5*s, "a")
			for at := 10 * s; at < 23*s; at += 500 * ms {
				b.try(at, "b")
				b.try(at+250*ms, "b", failing(timeline.Timeout), lasting(2*s))
			}
			return b
		}(), notKeepingUp},
		{"two workers, and each request waits longer than the one before", twoWorkers(), notKeepingUp},
		{"the same, on a machine that was late once", lateOnce(twoWorkers(), 3*s, 400*ms), notKeepingUp},
		{"half of the requests wait until the exit, and are void", voidBefore(halfWaiting(), 9*s), notKeepingUp},
		{"the same, and it exits at once", exitingAtOnce(twoWorkers()), notKeepingUp},
		{"for two seconds only", overloaded(100*ms, 3*s, 5*s, fine), unexplained},
		{"a few", overloaded(4*s, 0, 14*s, fine), unexplained},
		{"for two seconds only, and before that they are void", voidBefore(overloaded(500*ms, 0, 14*s, fine), 12*s), tooBusy},
		{"not started", func() *built {
			b := overloaded(s, 20*s, 20*s, fine)
			for at := s; at < 9*s; at += 500 * ms {
				b.try(at, "", notStarted)
			}
			return b
		}(), notKeepingUp},
		{"no answer to the SYN", func() *built {
			b := overloaded(s, 20*s, 20*s, fine)
			for at := s; at < 9*s; at += 500 * ms {
				b.try(at, "a", refused, func(a *timeline.Attempt) { a.Cause, a.Ended = timeline.DialTimeout, a.Started+s/2 })
			}
			return b
		}(), notKeepingUp},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := Findings(&tt.Run)
			checkSum(t, &tt.Run, found)
			if len(found) != 1 || found[0].ID != tt.want {
				t.Errorf("want %s", tt.want)
				for _, x := range found {
					t.Logf("%s: %s", x.ID, x.Evidence)
				}
			}
		})
	}
}

// voidBefore makes the drops before a moment void.
func voidBefore(b *built, at time.Duration) *built {
	for i := range b.Attempts {
		if a := &b.Attempts[i]; a.Failed() && a.Started < at {
			a.Void = true
		}
	}
	return b
}

// twoWorkers is a server that takes 2 s for each request, two at a time, and gets
// four a second.
func twoWorkers() *built {
	b := onePod()
	for i := range 40 {
		at, free := time.Duration(i)*250*ms, time.Duration(i/2+1)*2*s
		b.try(at, "", func(a *timeline.Attempt) { a.Control = true })
		if free <= 13*s {
			b.try(at, "a", lasting(free-at))
		} else if at+3*s < 15*s {
			b.try(at, "a", lasting(15*s-at), failing(timeline.Reset))
		}
	}
	return b
}

// halfWaiting is a server whose workers have taken half of the connections, and wait for
// their next request; the others are in its accept queue until it exits.
func halfWaiting() *built {
	b := onePod()
	for at := 250 * ms; at < 9*s; at += 250 * ms {
		b.try(at, "", func(a *timeline.Attempt) { a.Control = true })
		b.try(at, "a")
		b.try(at, "a", lasting(15*s-at), failing(timeline.Reset))
	}
	return b.try(12*s, "a", lasting(3*s), failing(timeline.Timeout))
}

// lateOnce adds a client of the control target that waited.
func lateOnce(b *built, at, by time.Duration) *built {
	return b.try(at, "", lasting(by), func(a *timeline.Attempt) { a.Control = true })
}

// TestATimeOutThatALateMachineExplains: each response takes 1.8 s, and clients wait for 2 s. A machine
// that is late by half a second makes one time out, and one that is late by 20 ms does not.
func TestATimeOutThatALateMachineExplains(t *testing.T) {
	for late, want := range map[time.Duration]finding.Verdict{20 * ms: finding.Fail, 500 * ms: finding.Inconclusive} {
		b := onePod()
		for at := s; at < 8*s; at += 500 * ms {
			b.try(at, "a", lasting(1800*ms)).try(at, "", func(a *timeline.Attempt) { a.Control = true })
		}
		lateOnce(b.try(6100*ms, "a", lasting(2*s), failing(timeline.Timeout)), 7*s, late)
		if d := diagnosed(withClasses(&b.Run)); d.Verdict != want || allIDs(d.Findings) != unexplained {
			t.Errorf("late by %v: %s, %s (%s), want %s", late, d.Verdict, allIDs(d.Findings), d.Reason, want)
		}
	}
}

// exitingAtOnce ends the pod as soon as it is signalled, with connections in its
// accept queue: the oldest came at 2.5 s.
func exitingAtOnce(b *built) *built {
	const exit = 10*s + 100*ms
	b.Events[3].At = exit
	b.Events = append(b.Events, emptyQueue(ms, 0), timeline.Event{At: exit - ms, After: exit - 20*ms, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 9, StalledAfter: 2490 * ms, StalledBy: 2510 * ms})
	kept := b.Attempts[:0]
	for _, a := range b.Attempts {
		switch {
		case a.Started > exit:
			continue
		case a.Ended > exit:
			failing(timeline.Reset)(&a)
			a.Ended = exit
		}
		kept = append(kept, a)
	}
	b.Attempts = kept
	return b
}

// TestAQueueThatDoesNotMove: the server answers its first requests at once; the next
// one takes until its exit, and the others wait in its accept queue.
func TestAQueueThatDoesNotMove(t *testing.T) {
	const exit = 10*s + 100*ms
	b := onePod()
	b.Events[3].At = exit
	b.Events = append(b.Events, emptyQueue(ms, 0), timeline.Event{At: exit - ms, After: exit - 20*ms, Kind: timeline.AcceptQueue, Pod: "a", Waiting: 6, StalledAfter: 6480 * ms, StalledBy: 6510 * ms})
	for at := s; at < exit; at += 500 * ms {
		b.try(at, "", func(a *timeline.Attempt) { a.Control = true })
		if at < 6*s {
			b.try(at, "a")
		} else {
			b.try(at, "a", lasting(exit-at), failing(timeline.Reset))
		}
	}
	got := map[string]int{}
	for _, x := range Findings(&b.Run) {
		got[x.ID] = x.Drops
	}
	if got[notKeepingUp] != 8 || got[exitsAtOnce] != 1 || len(got) != 2 {
		t.Errorf("%v, want the queue, and the request in progress beside it", got)
	}
}

// TestAQueueBehindALateMachine: the server had no processor for as long as its
// requests waited.
func TestAQueueBehindALateMachine(t *testing.T) {
	b := onePod()
	for i := range 36 {
		at := time.Duration(i) * 250 * ms
		b.try(at, "a", lasting(20*ms+time.Duration(i/12)*1500*ms))
		if at%s == 0 {
			lateOnce(b, at, 20*ms+time.Duration(i/12)*1500*ms)
		}
	}
	if d := diagnosed(withClasses(&b.try(9900*ms, "a", lasting(5*s), failing(timeline.EOF)).Run)); slices.Contains(idsOf(d.Findings), notKeepingUp) {
		t.Errorf("%+v", d.Findings)
	}
}

// TestAVoidAttemptIsNoAnswer: requests take 2 s by themselves, and one that failed at once, void,
// does not show that they take less.
func TestAVoidAttemptIsNoAnswer(t *testing.T) {
	b := onePod().try(50*ms, "a", refused, func(a *timeline.Attempt) { a.Void = true })
	for at := 100 * ms; at < 9*s; at += 250 * ms {
		b.try(at, "a", lasting(2*s)).try(at, "", func(a *timeline.Attempt) { a.Control = true })
	}
	facts, err := newRunFacts(withClasses(&b.Run), b.InMemory)
	if err != nil || facts.overload != "" {
		t.Errorf("%q, %v", facts.overload, err)
	}
}

// TestCapacity: what the server can take is counted up to its last answer: requests
// in flight when it terminates are no lack of capacity.
func TestCapacity(t *testing.T) {
	const want = "before the first termination 4.0 requests a second were sent and 1.0 answered"
	found := Findings(&twoWorkers().Run)
	if len(found) != 1 || !strings.Contains(found[0].Evidence, want) {
		t.Errorf("%+v, want %q", found, want)
	}
}

// TestTheRateOfTheTool: a server that does not keep up with a rate that its user did
// not choose has no fault that is known.
func TestTheRateOfTheTool(t *testing.T) {
	for chosen, want := range map[bool]finding.Verdict{false: finding.Fail, true: finding.Inconclusive} {
		run := &twoWorkers().Run
		run.RateChosen, run.Rate = chosen, 4
		d := diagnosed(withClasses(run))
		if len(d.Findings) != 1 || d.Findings[0].ID != notKeepingUp || d.Verdict != want {
			t.Errorf("rate chosen: %t: %s, %+v; want %s", chosen, d.Verdict, d.Findings, want)
		}
		if chosen && !strings.Contains(d.Reason, "did not keep up with 4 attempts a second") {
			t.Error(d.Reason)
		}
	}
}

// TestOverloadedUntilItExits: a server that does not keep up handles the signal late, and
// what it cuts at its exit shows nothing about its termination.
func TestOverloadedUntilItExits(t *testing.T) {
	for chosen, want := range map[bool]finding.Verdict{false: finding.Fail, true: finding.Inconclusive} {
		b := overloaded(500*ms, 0, 14*s, func(*timeline.Attempt) {})
		b.try(11*s, "a", on(9999)).try(12*s, "a", on(9999)).try(14*s, "a", on(9999), lasting(s), failing(timeline.Reset))
		b.RateChosen, b.Rate = chosen, 4
		d := diagnosed(withClasses(&b.Run))
		if d.Verdict != want || chosen && len(idsOf(d.Findings)) != 0 || !chosen && !slices.Equal(idsOf(d.Findings), []string{notKeepingUp}) {
			t.Errorf("rate chosen: %t: %s, %+v", chosen, d.Verdict, d.Findings)
		}
	}
}

// TestBusyDuringADefect: the fault of the termination is found beside the
// overload.
func TestBusyDuringADefect(t *testing.T) {
	b := overloaded(500*ms, 0, 14*s, func(*timeline.Attempt) {})
	b.Events[3] = timeline.Event{At: 10*s + 2*ms, Kind: timeline.Exited, Pod: "a", Code: 2}
	b.Attempts = nil
	before := overloaded(500*ms, 0, 14*s, func(*timeline.Attempt) {})
	for _, a := range before.Attempts {
		if a.Control || a.Ended < 10*s {
			b.Attempts = append(b.Attempts, a)
		}
	}
	b.try(10*s+500*ms, "a", refused).try(12*s, "a", refused)
	got := map[string]int{}
	for _, x := range Findings(&b.Run) {
		got[x.ID] = x.Drops
	}
	if got[exitsAtOnce] != 2 || got[notKeepingUp] == 0 || len(got) != 2 {
		t.Errorf("%v, want the exit as well as the load", got)
	}
}

// TestFewThatAreNeverAccepted: the workers of the new pod wait for the next request of
// connections that clients keep, and its last three clients wait in its accept queue until they
// give up. Where the queue was not seen for so long, nothing shows that.
func TestFewThatAreNeverAccepted(t *testing.T) {
	waiting := timeline.Event{Kind: timeline.AcceptQueue, Pod: "b", Waiting: 1, StalledAfter: 13980 * ms, StalledBy: 14 * s}
	for last, want := range map[time.Duration]string{25 * s: notKeepingUp, 14 * s: unexplained} {
		b := onePod()
		b.Events = append(b.Events, event(9*s, timeline.Started, "b"), event(9500*ms, timeline.Ready, "b"),
			timeline.Event{At: 9525 * ms, Kind: timeline.AcceptQueue, Pod: "b"})
		for at := 14 * s; at <= last; at += s {
			waiting.At, waiting.After = at, at-20*ms
			b.Events = append(b.Events, waiting)
		}
		for at := 100 * ms; at < 14*s; at += 100 * ms {
			b.try(at, "", func(a *timeline.Attempt) { a.Control = true })
			b.try(at, map[bool]string{true: "a", false: "b"}[at < 10*s])
		}
		for at := 14100 * ms; at < 14400*ms; at += 100 * ms {
			b.try(at, "b", lasting(10*s), failing(timeline.Timeout))
		}
		found := Findings(&b.Run)
		checkSum(t, &b.Run, found)
		if len(found) != 1 || found[0].ID != want || found[0].Drops != 3 {
			t.Errorf("the queue was seen until %v: %+v\nwant %s", last, found, want)
		}
	}
}
