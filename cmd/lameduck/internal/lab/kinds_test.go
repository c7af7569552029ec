package lab

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// kindOf is a workload of that kind with the defaults of Kubernetes.
func kindOf(kind string, replicas int, change func(*manifest.Strategy)) *manifest.Workload {
	w := workload(replicas)
	w.Kind, w.Strategy = kind, manifest.Strategy{Type: "RollingUpdate", MaxUnavailable: manifest.IntOrPercent{Value: 1}}
	if change != nil {
		change(&w.Strategy)
	}
	return w
}

// names are the pods of the events of one kind, in order.
func names(events []timeline.Event, kind timeline.Kind) string {
	var pods []string
	for _, e := range events {
		if e.Kind == kind {
			pods = append(pods, e.Pod)
		}
	}
	return strings.Join(pods, " ")
}

// TestStatefulSet: + created, r ready, - deleted, x exited, by ordinal.
func TestStatefulSet(t *testing.T) {
	for name, test := range map[string]struct {
		change      func(*manifest.Strategy)
		action      timeline.Action
		start, want string
	}{
		"the highest first, one at a time": {nil, timeline.Rollout, "+0 r0 +1 r1 +2 r2", "-2 x2 +2 r2 -1 x1 +1 r1 -0 x0 +0 r0"},
		"a partition":                      {func(s *manifest.Strategy) { s.Partition = 2 }, timeline.Rollout, "+0 r0 +1 r1 +2 r2", "-2 x2 +2 r2"},
		"parallel":                         {func(s *manifest.Strategy) { s.Parallel = true }, timeline.Rollout, "+0 +1 +2 r0 r1 r2", "-2 x2 +2 r2 -1 x1 +1 r1 -0 x0 +0 r0"},
		"parallel, two at a time": {
			func(s *manifest.Strategy) { s.Parallel, s.MaxUnavailable.Value = true, 2 }, timeline.Rollout, "+0 +1 +2 r0 r1 r2", "-1 -2 x2 +2 x1 +1 r2 -0 r1 x0 +0 r0",
		},
		"ordinals from 5":    {func(s *manifest.Strategy) { s.FirstOrdinal = 5 }, timeline.Rollout, "+5 r5 +6 r6 +7 r7", "-7 x7 +7 r7 -6 x6 +6 r6 -5 x5 +5 r5"},
		"all deleted":        {nil, timeline.Delete, "+0 r0 +1 r1 +2 r2", "-0 -1 -2 x2 x0 +0 x1 r0 +1 r1 +2 r2"},
		"deleted, parallel":  {func(s *manifest.Strategy) { s.Parallel = true }, timeline.Delete, "+0 +1 +2 r0 r1 r2", "-0 -1 -2 x2 +2 x0 +0 x1 +1 r2 r0 r1"},
		"deleted, on delete": {func(s *manifest.Strategy) { s.Type = "OnDelete" }, timeline.Delete, "+0 r0 +1 r1 +2 r2", "-0 -1 -2 x2 x0 +0 x1 r0 +1 r1 +2 r2"},
		"scaled down":        {nil, timeline.ScaleDown, "+0 r0 +1 r1 +2 r2", "-2 x2"},
		"one evicted":        {nil, timeline.Evict, "+0 r0 +1 r1 +2 r2", "-0 x0 +0 r0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, Config{Workload: kindOf("StatefulSet", 3, test.change)}, steadyPods)
				s.start()
				if got := summary(s.emitted()); got != test.start {
					t.Errorf("start\n got %s\nwant %s", got, test.start)
				}
				if got := summary(s.act(test.action)); got != test.want {
					t.Errorf("\n got %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

// TestPodsOfOneName: a pod of a StatefulSet has the name of the one before it,
// and the record distinguishes the two.
func TestPodsOfOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: kindOf("StatefulSet", 2, nil)}, steadyPods)
		s.start()
		if got := names(s.act(timeline.Rollout), timeline.Ready); got != "app-1#2 app-0#2" {
			t.Errorf("ready %s", got)
		}
		_, pod, err := s.Dial(t.Context(), 0)
		if err != nil || !slices.Contains([]string{"app-0#2", "app-1#2"}, pod) {
			t.Errorf("a connection went to %s: %v", pod, err)
		}
	})
}

func TestDaemonSet(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*manifest.Strategy)
		action timeline.Action
		want   string
	}{
		"one at a time, the old pod first": {nil, timeline.Rollout, "-1 x1 +4 r4 -2 x2 +5 r5 -3 x3 +6 r6"},
		"two at a time":                    {func(s *manifest.Strategy) { s.MaxUnavailable.Value = 2 }, timeline.Rollout, "-1 -2 x1 +4 x2 +5 r4 -3 r5 x3 +6 r6"},
		"with surge, the new pod first": {
			func(s *manifest.Strategy) { s.MaxSurge.Value, s.MaxUnavailable.Value = 1, 0 }, timeline.Rollout, "+4 r4 -1 +5 r5 -2 +6 r6 -3 x1 x2 x3",
		},
		"a third, rounded up": {func(s *manifest.Strategy) { s.MaxUnavailable = manifest.IntOrPercent{Value: 34, Percent: true} }, timeline.Rollout, "-1 -2 x1 +4 x2 +5 r4 -3 r5 x3 +6 r6"},
		"deleted":             {func(s *manifest.Strategy) { s.Type = "OnDelete" }, timeline.Delete, "-1 -2 -3 x3 +4 x1 +5 x2 +6 r4 r5 r6"},
		"one evicted":         {nil, timeline.Evict, "-1 x1 +4 r4"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, Config{Workload: kindOf("DaemonSet", 3, test.change)}, steadyPods)
				s.start()
				if got := summary(s.act(test.action)); got != test.want {
					t.Errorf("\n got %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

func TestImpossibleActions(t *testing.T) {
	for name, test := range map[string]struct {
		w *manifest.Workload
		a timeline.Action
	}{
		"no replica left":        {workload(1), timeline.ScaleDown},
		"a DaemonSet scaled":     {kindOf("DaemonSet", 3, nil), timeline.ScaleDown},
		"on delete":              {kindOf("DaemonSet", 3, func(s *manifest.Strategy) { s.Type = "OnDelete" }), timeline.Rollout},
		"a partition above them": {kindOf("StatefulSet", 3, func(s *manifest.Strategy) { s.Partition = 3 }), timeline.Rollout},
	} {
		if err := Possible(test.w, test.a); hint.Of(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Possible(kindOf("StatefulSet", 3, func(s *manifest.Strategy) { s.Partition = 2 }), timeline.Rollout); err != nil {
		t.Error(err)
	}
}
