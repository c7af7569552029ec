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

// TestAReadinessThatWasNotSeen: on a cluster, of a pod that is not known to have answered
// anything nothing shows that its listener closed.
func TestAReadinessThatWasNotSeen(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(0, timeline.Started, "b"), event(1, timeline.Ready, "b"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"),
		event(18*s, timeline.Killed, "a"), timeline.Event{At: 18 * s, Kind: timeline.Exited, Pod: "a", Code: 137})
	b.Stage, b.Accuracy = "cluster", 1500*ms
	b.try(9*s, "").try(11*s, "a", refused, func(a *timeline.Attempt) { a.PodBy = timeline.Inferred })
	if d := diagnosed(withClasses(&b.Run)); d.Verdict != finding.Inconclusive || !strings.Contains(d.Reason, "the readiness of a was not seen") {
		t.Errorf("%s: %s\n%+v", d.Verdict, d.Reason, d.Findings)
	}
}

// TestACutOnAnUnknownPod: a connection that ends while a pod terminates, and may have been
// to it, is no drop that the termination does not explain.
func TestACutOnAnUnknownPod(t *testing.T) {
	for at, want := range map[time.Duration]finding.Verdict{11 * s: finding.Inconclusive, 5 * s: finding.Fail} {
		b := onePod()
		b.Stage, b.Accuracy = "cluster", 1500*ms
		b.try(s, "").try(at, "", failing(timeline.EOF))
		if d := diagnosed(withClasses(&b.Run)); d.Verdict != want || allIDs(d.Findings) != unexplained {
			t.Errorf("at %v: %s (%s), %s, want %s", at, d.Verdict, d.Reason, allIDs(d.Findings), want)
		}
	}
}

// TestAnEndpointThatWasNotSeen: on a cluster, responses come after the only pod that was seen to
// be ready has exited. Its refusals may have been those of the other pod.
func TestAnEndpointThatWasNotSeen(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(8*s, timeline.Started, "b"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"),
		event(15*s, timeline.Exited, "a"))
	b.Stage, b.Accuracy = "cluster", 1500*ms
	b.try(9*s, "").try(11500*ms, "", refused).try(12*s, "", refused).try(17*s, "")
	if d := diagnosed(attributed(withClasses(&b.Run))); d.Verdict != finding.Inconclusive || !strings.Contains(d.Reason, "not all pods are known") {
		t.Errorf("%s: %s\n%+v", d.Verdict, d.Reason, d.Findings)
	}
}

// TestAnExitThatWasNotSeen: a pod that terminates cut a request, and what ended the pod was not
// seen. It may have been SIGKILL, if the grace period was over.
func TestAnExitThatWasNotSeen(t *testing.T) {
	for grace, want := range map[time.Duration]finding.Verdict{4 * s: finding.Inconclusive, 30 * s: finding.Fail} {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"))
		b.Stage, b.Accuracy, b.Spec.Grace = "cluster", 1500*ms, grace
		b.try(9*s, "a").try(12*s, "a", lasting(2*s), failing(timeline.EOF)).try(13900*ms, "a")
		if d := diagnosed(withClasses(&b.Run)); d.Verdict != want || want == finding.Inconclusive && !strings.Contains(d.Reason, "the exit of a was not seen") {
			t.Errorf("%v: %s: %s\n%+v", grace, d.Verdict, d.Reason, d.Findings)
		}
	}
}
