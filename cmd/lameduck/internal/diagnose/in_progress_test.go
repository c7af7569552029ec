package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// exitsWithCode0 is a pod that exits 20 ms after its stop signal, with code 0, and whose
// listener was last seen 5 ms before.
func exitsWithCode0(pod string, at time.Duration) []timeline.Event {
	signal := event(at, timeline.Signalled, pod)
	signal.Caught = true
	queue := []timeline.Event{emptyQueue(ms, 0), emptyQueue(at+15*ms, at+15*ms)}
	for i := range queue {
		queue[i].Pod = pod
	}
	return append([]timeline.Event{event(0, timeline.Started, pod), event(1, timeline.Ready, pod), signal, event(at+20*ms, timeline.Exited, pod)}, queue...)
}

// TestAnExitWithCode0: what becomes of a request in progress distinguishes a process that
// exits from one that shuts down and has nothing to wait for. Where none is in progress,
// only the kernel can show the difference.
func TestAnExitWithCode0(t *testing.T) {
	head := func(a *timeline.Attempt) { // begins to come a second before the signal
		a.Pattern, a.Sent, a.Ended = "slow", never, a.Started+s+20*ms
		failing(timeline.EOF)(a)
	}
	for _, tt := range []struct {
		name    string
		change  func(b *built)
		verdict finding.Verdict
		ids     []string
		reason  string
	}{
		{"nothing was in progress", func(*built) {}, finding.Inconclusive, nil, "no request is known to have been in progress"},
		{"a request came too late to be known", func(b *built) { b.try(10*s+10*ms, "a", lasting(10*ms), failing(timeline.Reset)) }, finding.Inconclusive, nil, "no request is known to have been in progress"},
		{"the next request of a kept connection", func(b *built) { b.try(8*s, "a").try(9*s, "a", on(uint64(len(b.Attempts))), head) }, finding.Inconclusive, nil, "no request is known to have been in progress"},
		{"the first request of a connection", func(b *built) { b.try(9*s, "a", head) }, finding.Fail, []string{exitsAtOnce}, ""},
		{"the same, and the kernel shows nothing", func(b *built) {
			b.Events = slices.DeleteFunc(b.Events, ofKernel)
			b.try(9*s, "a", head)
		}, finding.Inconclusive, nil, "no request is known to have been in progress"},
		{"this machine was late all the time that it lasted", func(b *built) {
			b.try(9*s, "a", head)
			for at := 8500 * ms; at < 10500*ms; at += 50 * ms {
				b.try(at, "", lasting(60*ms), func(a *timeline.Attempt) { a.Control = true })
			}
		}, finding.Inconclusive, nil, "while requests were on their way to a"},
		{"the listener closed before the exit", func(b *built) {
			b.Events = append(b.Events, timeline.Event{Kind: timeline.ListenerClosed, Pod: "a", After: 10*s + 15*ms, At: 10*s + 18*ms, Running: true})
		}, finding.Fail, []string{closesEarly}, ""},
		{"a request was with the server for 0.3 s, and it responded to others", func(b *built) {
			b.try(8*s, "a").try(9700*ms, "a", on(uint64(len(b.Attempts))), lasting(320*ms), failing(timeline.Reset)).try(9970*ms, "a")
		}, finding.Fail, []string{exitsAtOnce}, ""},
		{"the same, and others had waited for longer", func(b *built) {
			b.try(6*s, "a", lasting(500*ms)).try(8*s, "a").try(9700*ms, "a", on(uint64(len(b.Attempts))), lasting(320*ms), failing(timeline.Reset)).try(9970*ms, "a")
		}, finding.Inconclusive, nil, "no request is known to have been in progress"},
		{"the same, and this machine let them wait", func(b *built) {
			lateOnce(b, 6*s, 500*ms)
			b.try(6*s, "a", lasting(500*ms)).try(8*s, "a").try(9700*ms, "a", on(uint64(len(b.Attempts))), lasting(320*ms), failing(timeline.Reset)).try(9970*ms, "a")
		}, finding.Fail, []string{exitsAtOnce}, ""},
		{"a replica had one in progress", func(b *built) {
			b.Events = append(b.Events, exitsWithCode0("b", 13*s)...)
			for at := 11 * s; at < 13*s; at += 100 * ms {
				b.try(at, "b")
			}
			b.try(12*s, "b", head).try(13100*ms, "b", refused)
		}, finding.Fail, []string{exitsAtOnce}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := build(exitsWithCode0("a", 10*s)...)
			for at := 5 * s; at < 10*s; at += 100 * ms {
				b.try(at, "a")
			}
			tt.change(b.try(10100*ms, "a", refused))
			d := diagnosed(withClasses(&b.Run))
			if d.Verdict != tt.verdict || !slices.Equal(idsOf(d.Findings), tt.ids) || !strings.Contains(d.Reason, tt.reason) {
				t.Errorf("%s, %v: %s; want %s, %v: %s\n%+v", d.Verdict, idsOf(d.Findings), d.Reason, tt.verdict, tt.ids, tt.reason, d.Findings)
			}
			if len(tt.ids) > 0 && len(d.Findings) != 1 {
				t.Errorf("%d findings: %+v", len(d.Findings), d.Findings)
			}
			checkSum(t, &b.Run, d.Findings)
		})
	}
}
