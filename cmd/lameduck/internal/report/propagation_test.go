package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// onCluster replaces a pod every 2 s. Each node routes to the old one for a
// while, n2 for longer.
func onCluster(rounds int) *timeline.Run {
	run := &timeline.Run{Duration: time.Duration(2*rounds) * s, Stage: "cluster", Action: "rollout"}
	run.Events = append(run.Events, timeline.Event{Kind: timeline.EndpointAdded, Pod: "app-0"})
	for i := range rounds {
		outdated, updated, at := fmt.Sprintf("app-%d", i), fmt.Sprintf("app-%d", i+1), time.Duration(2*i+1)*s
		lag := [2]time.Duration{time.Duration(i*i) * 4 * ms, time.Duration(i) * 100 * ms}
		run.Events = append(run.Events, timeline.Event{At: at, Kind: timeline.EndpointAdded, Pod: updated},
			timeline.Event{At: at, Kind: timeline.EndpointTerminating, Pod: outdated}, timeline.Event{At: at + lag[0] + 10*ms, Kind: timeline.EndpointTerminating, Pod: outdated, Source: timeline.SourceProxy, Node: "n1"})
		for j := range 400 {
			a := timeline.Attempt{Pattern: "new", Conn: 1, Started: at + time.Duration(j)*5*ms, Node: fmt.Sprint("n", 1+j%2), Pod: updated}
			if a.Started < at+lag[j%2] {
				a.Pod = outdated
			}
			a.Scheduled, a.Ended = a.Started, a.Started+ms
			run.Attempts = append(run.Attempts, a)
		}
	}
	return run
}

func TestPropagation(t *testing.T) {
	r := New(counted(onCluster(11)), passed)
	golden(t, "propagation.txt", render(t, func(w io.Writer) error { return Text(w, r, false) }))
	var got struct{ Propagation []map[string]any }
	if err := json.Unmarshal(render(t, func(w io.Writer) error { return JSON(w, r) }), &got); err != nil {
		t.Fatal(err)
	}
	delete(got.Propagation[0], "lags_ms")
	want := map[string]any{"node": "n1", "samples": 11.0, "p50_ms": 90.0, "p90_ms": 320.0, "max_ms": 390.0, "within_ms": 70.0, "proxy_max_ms": 410.0}
	if diff := cmp.Diff(want, got.Propagation[0]); diff != "" {
		t.Error(diff)
	}
	if p := got.Propagation[1]; p["proxy_max_ms"] != nil || p["node"] != "n2" {
		t.Errorf("%v", p)
	}
}

// TestHistogramsKeepTheirPlace: however long the lags are.
func TestHistogramsKeepTheirPlace(t *testing.T) {
	for _, longest := range []float64{0, 0.4, 1134.9, 75_000} {
		p := &printer{}
		p.propagation([]Propagation{
			{Node: "gke-europe-west4-pool-1-0123abcd", Samples: 1234, P50: longest, P90: longest, Max: longest, WithinMillis: longest, Lags: []float64{0, longest / 2, longest, longest}},
		})
		for line := range strings.Lines(p.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 110 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		if !strings.Contains(p.String(), "█") {
			t.Errorf("no bar:\n%s", p)
		}
	}
}
