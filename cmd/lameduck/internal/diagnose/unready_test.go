package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// unreadyPod is a pod whose readiness probe fails at 4 s and passes at 6 s, which a
// node knows 500 ms later, and that terminates at 10 s without a fault.
func unreadyPod() *built {
	b := onePod()
	failed := event(4*s, timeline.Unready, "a")
	failed.Detail = "GET :8080/: no response in time"
	b.Events = append(b.Events[:2:2], failed, event(6*s, timeline.Ready, "a"),
		event(6*s+500*ms, timeline.EndpointAdded, "a"), b.Events[2], b.Events[3])
	return b.try(s, "a")
}

// TestAFailedProbeIsNoTermination: a Service without an endpoint because the probe
// of a running pod failed shows nothing about its termination.
func TestAFailedProbeIsNoTermination(t *testing.T) {
	onNode := func(b *built, at ...time.Duration) *built {
		for _, at := range at {
			b.try(at, "", refused)
		}
		return b
	}
	crashed := func() *built {
		b := unreadyPod()
		b.Events = append(b.Events, event(4*s, timeline.Exited, "a"), event(5*s, timeline.Restarted, "a"))
		return b
	}
	deleted := func() *built { // while the probe fails
		b := unreadyPod()
		signal := event(5*s, timeline.Signalled, "a")
		signal.Caught = true
		b.Events = append(b.Events[:3:3], signal, event(5*s+ms, timeline.Exited, "a"))
		return b
	}
	for name, test := range map[string]struct {
		*built
		want     string
		reported string // another finding, without a drop
	}{
		"while it fails":                     {onNode(unreadyPod(), 4*s+500*ms, 5*s), probeFails, ""},
		"until each node has it again":       {onNode(unreadyPod(), 4*s+500*ms, 6*s+400*ms), probeFails, ""},
		"a node that is served between":      {onNode(unreadyPod().try(6*s+200*ms, "a"), 6*s+400*ms), probeFails, ""},
		"after the deletion, not yet ready":  {onNode(deleted(), 4*s+500*ms, 7*s), probeFails, closesEarly},
		"later":                              {onNode(unreadyPod(), 7*s), noEndpoint, ""},
		"the process had exited":             {onNode(crashed(), 4*s+500*ms), crashes, ""},
		"the probe fails in the termination": {onNode(onePod().try(s, "a").with(event(11*s, timeline.Unready, "a")), 12*s), noEndpoint, ""},
	} {
		d := diagnosed(&test.Run)
		checkSum(t, &test.Run, d.Findings)
		if got := allIDs(d.Findings); got != strings.TrimSpace(test.want+" "+test.reported) {
			t.Errorf("%s: %s, want %s %s", name, got, test.want, test.reported)
			continue
		}
		if test.want != probeFails || test.reported != "" {
			continue
		}
		if d.Verdict != finding.Inconclusive || !strings.Contains(d.Reason, "the readiness probe of a failed at 4.00 s (GET :8080/: no response in time)") {
			t.Errorf("%s: %s: %s", name, d.Verdict, d.Reason)
		}
	}
}

func (b *built) with(events ...timeline.Event) *built {
	b.Events = append(b.Events, events...)
	return b
}

// allIDs are those of the findings, also of the uncertain ones.
func allIDs(found []finding.Finding) string {
	var list []string
	for _, f := range found {
		list = append(list, f.ID)
	}
	return strings.Join(list, " ")
}
