package diagnose

import (
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestANewPodWithoutAProcessor: the pod is ready and accepts nothing for a while. Where it
// would have accepted what was given up, had its threads not waited for a processor, this machine
// may be why.
func TestANewPodWithoutAProcessor(t *testing.T) {
	notDialled := func(a *timeline.Attempt) { refused(a); a.Cause, a.Ended = timeline.DialTimeout, a.Started+3*s }
	for name, tt := range map[string]struct {
		waited time.Duration // of each half second
		serves time.Duration // when it first does
		sure   bool
	}{
		"idle machine":                          {0, 14 * s, true},
		"busy machine":                          {400 * ms, 14 * s, false},
		"a little":                              {20 * ms, 14 * s, true},
		"a little, and just too late":           {80 * ms, 14 * s, false},
		"busy machine, and it needs far longer": {400 * ms, 25 * s, true},
		"busy machine, and it never serves":     {400 * ms, never, true},
	} {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(9*s, timeline.Started, "b"), event(10*s, timeline.Ready, "b"))
		for at := 10 * s; at < 15*s && tt.waited > 0; at += s / 2 {
			b.Events = append(b.Events, timeline.Event{Kind: timeline.StartStarved, Pod: "b", Due: at - tt.waited, At: at})
		}
		b.try(2*s, "a").try(10500*ms, "b", notDialled).try(10600*ms, "b", notDialled).try(25*s, "a")
		if tt.serves != never {
			b.try(tt.serves, "b")
		}
		found := Findings(&b.Run)
		if len(found) != 1 || found[0].ID != notReady || found[0].Doubt == "" != tt.sure {
			t.Errorf("%s: %+v", name, found)
		}
		checkSum(t, &b.Run, found)
	}
}
