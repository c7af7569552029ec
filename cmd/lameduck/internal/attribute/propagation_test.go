package attribute

import (
	gocmp "cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// twoNodes is a cluster of two nodes: old is removed from the slices at 10 s,
// when new is ready. Every 10 ms a client connects through each node in turn; a
// node routes to old and new in turn until it is updated, then to new.
func twoNodes(knows ...time.Duration) *timeline.Run {
	run := &timeline.Run{Stage: "cluster", Events: []timeline.Event{
		{Kind: timeline.EndpointAdded, Pod: "old"},
		{At: 8 * sec, Kind: timeline.EndpointAdded, Pod: "new"},
		{At: 10 * sec, Kind: timeline.EndpointTerminating, Pod: "old"},
		{At: 10300 * ms, Kind: timeline.EndpointTerminating, Pod: "old", Source: timeline.SourceProxy, Node: "n2"},
		{At: 20 * sec, Kind: timeline.EndpointRemoved, Pod: "old"},
	}}
	for i := range 200 {
		at, node := 9*sec+time.Duration(i)*10*ms, i%len(knows)
		pod := "new"
		if at < 10*sec+knows[node] && i/len(knows)%2 == 0 {
			pod = "old"
		}
		run.Attempts = append(run.Attempts, timeline.Attempt{Conn: uint64(i + 1), Started: at, Node: fmt.Sprint("n", 1+node), Pod: pod})
	}
	return run
}

func TestPropagation(t *testing.T) {
	within := func(node string, last, until, proxy time.Duration) Lag {
		return Lag{Node: node, Pod: "old", Removed: 10 * sec, Last: last, Until: until, Proxy: proxy}
	}
	for _, tt := range []struct {
		name   string
		run    *timeline.Run
		change func(*timeline.Run)
		want   []Lag
	}{
		// Of two pods, 7 connections in a row to one are chance in less than a hundredth.
		{"each node by itself", twoNodes(200*ms, 500*ms), nil, []Lag{within("n1", 160*ms, 300*ms, timeline.Never), within("n2", 490*ms, 630*ms, 300*ms)}},
		{"updated before the event arrived", twoNodes(-100 * ms), nil, []Lag{within("n1", 0, 60*ms, timeline.Never)}},
		{"not in the lab", twoNodes(200 * ms), func(r *timeline.Run) { r.Stage = "lab" }, nil},
		{"the run ends too soon", twoNodes(950 * ms), nil, nil},
		{"one may have gone to either", twoNodes(200 * ms), func(r *timeline.Run) { r.Attempts[122].Pod = "" }, nil},
		{"one may have, before the last", twoNodes(200 * ms), func(r *timeline.Run) { r.Attempts[110].PodBy = timeline.Probable }, []Lag{within("n1", 180*ms, 250*ms, timeline.Never)}},
		{"kept connections and the control target do not count", twoNodes(200 * ms), func(r *timeline.Run) {
			r.Attempts = append(r.Attempts, timeline.Attempt{Node: "n1", Conn: 1, Reused: true, Started: 10500 * ms, Pod: "old"}, timeline.Attempt{Node: "n1", Control: true, Started: 10500 * ms, Pod: "old"})
		}, []Lag{within("n1", 180*ms, 250*ms, timeline.Never)}},
		{"refused ones do", twoNodes(200 * ms), func(r *timeline.Run) {
			a := &r.Attempts[124]
			a.Conn, a.Cause, a.Pod, a.PodBy = 0, timeline.Refused, "old", timeline.Inferred
		}, []Lag{within("n1", 240*ms, 310*ms, timeline.Never)}},
		{"a SYN without an answer has no pod", twoNodes(200 * ms), func(r *timeline.Run) {
			a := &r.Attempts[190]
			a.Conn, a.Cause, a.Pod, a.PodBy = 0, timeline.DialTimeout, "old", timeline.Inferred
		}, []Lag{within("n1", 180*ms, 250*ms, timeline.Never)}},
		{"it serves as the fallback until another is ready", twoNodes(200 * ms), func(r *timeline.Run) { r.Events[1].At = 10050 * ms },
			[]Lag{{Node: "n1", Pod: "old", Removed: 10050 * ms, Last: 130 * ms, Until: 200 * ms, Proxy: timeline.Never}}},
		{"added again", twoNodes(200 * ms), func(r *timeline.Run) {
			r.Events[4] = timeline.Event{At: 10100 * ms, Kind: timeline.EndpointAdded, Pod: "old"}
		}, nil},
		{"no endpoint is left", twoNodes(-100 * ms), func(r *timeline.Run) {
			r.Events[1].At, r.Events[2].Kind = 11*sec, timeline.EndpointRemoved
		}, []Lag{within("n1", 0, 0, timeline.Never)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.change != nil {
				tt.change(tt.run)
			}
			lags := NewLags(tt.run)
			slices.SortStableFunc(tt.run.Attempts, func(a, b timeline.Attempt) int { return gocmp.Compare(a.Started, b.Started) })
			_ = tt.run.InMemory(lags.Add)
			if diff := cmp.Diff(tt.want, lags.Measured()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
