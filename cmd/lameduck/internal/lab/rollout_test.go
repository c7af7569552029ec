package lab

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func TestRolloutOrder(t *testing.T) {
	none := manifest.IntOrPercent{}
	tests := []struct {
		name     string
		replicas int
		change   func(*manifest.Workload)
		want     string
	}{
		{"one replica: the new pod first", 1, nil, "+2 r2 -1 x1"},
		{"three replicas: surge 1, unavailable 0", 3, nil, "+4 r4 -3 +5 r5 -2 +6 r6 -1 x3 x2 x1"},
		{"ten replicas: surge 3, unavailable 2", 10, nil, "-9 -10 +11 +12 +13 +14 +15 r11 -8 +16 r12 -7 +17 r13 -6 +18 r14 -5 +19 r15 -4 +20 r16 -3 r17 -2 r18 -1 r19 r20 x10 x9 x8 x4 x5 x6 x7 x2 x1 x3"},
		{"both 0: one may be unavailable", 2, func(w *manifest.Workload) { w.Strategy.MaxSurge, w.Strategy.MaxUnavailable = none, none }, "-2 +3 r3 -1 +4 r4 x2 x1"},
		{"no strategy: Kubernetes' default", 1, func(w *manifest.Workload) { w.Name, w.Strategy = "", manifest.Strategy{} }, "+2 r2 -1 x1"},
		{"recreate waits until the old pods have exited", 2, func(w *manifest.Workload) { w.Strategy.Type = "Recreate" }, "-1 -2 x1 x2 +3 +4 r3 r4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := workload(tt.replicas)
				if tt.change != nil {
					tt.change(w)
				}
				s := newStage(t, Config{Workload: w}, steadyPods)
				s.start()
				if got := summary(s.act(timeline.Rollout)); got != tt.want {
					t.Errorf("\n got %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

// TestRolloutStaysWithinTheStrategy: at no moment are fewer pods available, or
// more pods active, than the strategy allows.
func TestRolloutStaysWithinTheStrategy(t *testing.T) {
	for replicas := range 8 {
		for surge := range 3 {
			for unavailable := range 3 {
				w := workload(replicas + 1)
				w.Strategy.MaxSurge = manifest.IntOrPercent{Value: surge}
				w.Strategy.MaxUnavailable = manifest.IntOrPercent{Value: unavailable}
				w.MinReady = time.Duration(replicas%2) * sec
				t.Run(fmt.Sprintf("replicas %d surge %d unavailable %d", replicas+1, surge, unavailable), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { rollAndCount(t, w) })
				})
			}
		}
	}
}

func rollAndCount(t *testing.T, w *manifest.Workload) {
	s := newStage(t, Config{Workload: w, Nodes: 1}, steadyPods)
	s.start()
	roll := s.act(timeline.Rollout)
	surge, unavailable := fenceposts(w.Strategy, w.Replicas)
	activePods, serving := w.Replicas, w.Replicas
	for _, e := range roll {
		switch e.Kind {
		case timeline.Started:
			activePods++
		case timeline.Ready:
			serving++
		case timeline.Deleted:
			activePods--
			serving--
		}
		if activePods > w.Replicas+surge || serving < w.Replicas-unavailable {
			t.Fatalf("after %s of %s: %d active, %d ready, with surge %d and unavailable %d", e.Kind, e.Pod, activePods, serving, surge, unavailable)
		}
	}
	if activePods != w.Replicas || serving != w.Replicas {
		t.Errorf("in the end %d active, %d ready, want %d", activePods, serving, w.Replicas)
	}
}

func TestRolloutWaitsForMinReadySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := workload(1)
		w.MinReady = 7 * sec
		s := newStage(t, Config{Workload: w}, steadyPods)
		s.start()
		roll := timeline.Pods(s.act(timeline.Rollout))
		outdated, updated := roll[0], roll[1]
		if waited := outdated.Deleted - updated.Ready; waited != w.MinReady {
			t.Errorf("the old pod was deleted %v after the new one was ready, want %v", waited, w.MinReady)
		}
	})
}

// TestRolloutIgnoresTerminatingPods: three generations can run at once when the
// old ones drain for long.
func TestRolloutIgnoresTerminatingPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(3)}, steadyPods)
		s.start()
		running, most := 3, 0
		for _, e := range s.act(timeline.Rollout) {
			switch e.Kind {
			case timeline.Started:
				running++
			case timeline.Exited:
				running--
			}
			most = max(most, running)
		}
		if most != 6 {
			t.Errorf("at most %d processes at once, want 6: no pod waits for those that drain", most)
		}
	})
}

func TestVictims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		pod := func(number int, readyFor time.Duration, restarts int) *podState {
			return &podState{number: number, process: &fakePod{}, passed: readyFor >= 0, readySince: now.Add(-readyFor), restarts: restarts}
		}
		pods := []*podState{
			pod(1, time.Hour, 0),
			pod(2, time.Hour, 2),
			pod(3, 61*time.Minute, 0), // the same power of two as an hour
			pod(4, time.Minute, 0),
			pod(5, -1, 0),
		}
		var order []int
		for _, m := range byDeletionOrder(pods, now) {
			order = append(order, m.number)
		}
		if got, want := fmt.Sprint(order), "[5 4 2 3 1]"; got != want {
			t.Errorf("victims %s, want %s", got, want)
		}
	})
}
