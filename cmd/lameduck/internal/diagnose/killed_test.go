package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// killedPod was killed 6 s after its signal, when its clients had gone to another pod
// for long: the last of them so long after the signal.
func killedPod(last time.Duration, change ...func(*timeline.Attempt)) *built {
	signal := event(10*s, timeline.Signalled, "a")
	signal.Caught = true
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(0, timeline.Started, "b"), event(1, timeline.Ready, "b"), signal,
		event(16*s, timeline.Killed, "a"), timeline.Event{At: 16 * s, Kind: timeline.Exited, Pod: "a", Code: 137, Signal: "SIGKILL"})
	for at := s; at < 10*s; at += 500 * ms {
		b.try(at, "a", on(1)).try(at, "b", on(2))
	}
	b.try(10*s+last, "a", change...)
	return b.try(17*s, "b")
}

// TestAPodThatWasKilledWithoutClients: what it did from the signal on shows only as long as
// a client comes.
func TestAPodThatWasKilledWithoutClients(t *testing.T) {
	asked := ending(timeline.Announced, 10300*ms)
	unknown := func(b *built) *built {
		for i := range b.Events {
			b.Events[i].HandlerUnknown, b.Events[i].Caught = b.Events[i].Kind == timeline.Signalled, false
		}
		return b
	}
	for _, tt := range []struct {
		name string
		*built
		sure   bool
		reason string
	}{
		{"none came for long: it may have closed its listener", killedPod(300 * ms), false, "whether it kept serving"},
		{"a connection came later", killedPod(1200 * ms), true, ""},
		{"the kernel showed its listener", func() *built {
			b := killedPod(300 * ms)
			b.Events = append(b.Events, emptyQueue(15900*ms, ms))
			return b
		}(), true, ""},
		{"it cut a request that was still being sent, and had served others until then", func() *built {
			slow := func(a *timeline.Attempt) { a.Pattern, a.Sent = "slow", never }
			b := killedPod(1200*ms).try(15400*ms, "a", on(1)).try(15100*ms, "a", slow, failing(timeline.EOF), lasting(850*ms))
			return b.with(emptyQueue(15900*ms, ms), timeline.Event{At: 15990 * ms, After: 15970 * ms, Kind: timeline.ListenerClosed, Pod: "a", Ended: true})
		}(), true, ""},
		{"it asked a connection to close, and accepted one after that", killedPod(299*ms, on(1), asked).try(10600*ms, "a"), true, ""},
		{"it asked a connection to close, and accepted none after that", killedPod(299*ms, on(1), asked), false, "whether it kept serving"},
		{"its handler was not seen", unknown(killedPod(1200 * ms)), false, "whether a handled the stop signal"},
		{"its handler was not seen, and it asked a connection to close", unknown(killedPod(299*ms, on(1), asked).try(11200*ms, "a")), true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := diagnosed(withClasses(&tt.Run))
			if allIDs(d.Findings) != graceShorter || (d.Verdict == finding.Fail) != tt.sure || !strings.Contains(d.Reason, tt.reason) {
				t.Errorf("%s, %s: %s", d.Verdict, allIDs(d.Findings), d.Reason)
			}
		})
	}
}
