package diagnose

import (
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestANewPodWithoutAProcessor: the pod is ready and accepts nothing for 4 s. Where its
// threads waited for a processor meanwhile, this machine may be why.
func TestANewPodWithoutAProcessor(t *testing.T) {
	notDialled := func(a *timeline.Attempt) { refused(a); a.Cause, a.Ended = timeline.DialTimeout, a.Started+3*s }
	for name, tt := range map[string]struct {
		waited time.Duration // of each half second
		sure   bool
	}{"idle machine": {0, true}, "busy machine": {400 * ms, false}, "a little": {20 * ms, true}} {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(9*s, timeline.Started, "b"), event(10*s, timeline.Ready, "b"))
		for at := 10 * s; at < 15*s && tt.waited > 0; at += s / 2 {
			b.Events = append(b.Events, timeline.Event{Kind: timeline.StartStarved, Pod: "b", Due: at - tt.waited, At: at})
		}
		b.try(2*s, "a").try(10500*ms, "b", notDialled).try(11*s, "b", notDialled).try(14*s, "b")
		found := Findings(&b.Run)
		if len(found) != 1 || found[0].ID != notReady || found[0].Doubt == "" != tt.sure {
			t.Errorf("%s: %+v", name, found)
		}
		checkSum(t, &b.Run, found)
	}
}
