package lab

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func TestActions(t *testing.T) {
	tests := []struct {
		action   timeline.Action
		replicas int
		want     string
	}{
		{timeline.Delete, 1, "-1 +2 r2 x1"},
		{timeline.Delete, 3, "-1 -2 -3 +4 +5 +6 r4 r5 r6 x3 x1 x2"},
		{timeline.Evict, 1, "-1 +2 r2 x1"},
		{timeline.Evict, 3, "-1 +4 r4 x1"},
		{timeline.ScaleDown, 2, "-2 x2"},
		{timeline.ScaleDown, 5, "-4 -5 x5 x4"},
	}
	for _, tt := range tests {
		t.Run(string(tt.action), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, Config{Workload: workload(tt.replicas)}, steadyPods)
				s.start()
				if got := summary(s.act(tt.action)); got != tt.want {
					t.Errorf("%s of %d:\n got %s\nwant %s", tt.action, tt.replicas, got, tt.want)
				}
			})
		})
	}
}

// TestActReturnsWhenNothingIsLeftToHappen: no event of a pod follows.
func TestActReturnsWhenNothingIsLeftToHappen(t *testing.T) {
	for _, a := range Actions {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, Config{Workload: workload(4)}, steadyPods)
			s.start()
			s.act(a)
			events := len(s.emitted())
			time.Sleep(time.Hour)
			synctest.Wait()
			if late := s.emitted()[events:]; len(late) > 0 {
				t.Errorf("%s: %d events after Act returned: %v", a, len(late), late)
			}
		})
	}
}

func TestScaleDownAgainScalesUpFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(3)}, steadyPods)
		s.start()
		s.act(timeline.ScaleDown)
		if got, want := summary(s.act(timeline.ScaleDown)), "+4 r4 -4 x4"; got != want {
			t.Errorf("the second time:\n got %s\nwant %s", got, want)
		}
	})
}

func TestScaleDownNeedsTwoReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1)}, steadyPods)
		s.start()
		err := s.Act(t.Context(), timeline.ScaleDown)
		if err == nil || !strings.Contains(hint.Of(err), "--replicas 2") {
			t.Errorf("error %v, hint %q", err, hint.Of(err))
		}
	})
}

func TestTheKubeletBeginsALittleAfterTheDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(10)}, steadyPods)
		s.start()
		for _, p := range timeline.Pods(s.act(timeline.Delete)) {
			if p.Deleted == timeline.Never {
				continue
			}
			if lag := p.Signalled - p.Deleted; lag < kubeletLagMin || lag > kubeletLagMax {
				t.Errorf("%s: signalled %v after the delete", p.Name, lag)
			}
		}
	})
}

func TestTheSliceIsWrittenALittleAfterTheDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1), Propagation: profile(t, "0")}, steadyPods)
		s.start()
		roll := s.act(timeline.Rollout)
		lag := at(t, roll, timeline.EndpointTerminating, "app-1", "node-1") - at(t, roll, timeline.Deleted, "app-1", "")
		if lag < sliceLagMin || lag > sliceLagMax {
			t.Errorf("the slice was written after %v", lag)
		}
	})
}

func TestOneActionAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1)}, steadyPods)
		s.start()
		first := make(chan error, 1)
		go func() { first <- s.Act(t.Context(), timeline.Rollout) }()
		synctest.Wait()
		if err := s.Act(t.Context(), timeline.Delete); !errors.Is(err, errBusy) {
			t.Errorf("the second action: %v, want %v", err, errBusy)
		}
		if err := <-first; err != nil {
			t.Errorf("the first action: %v", err)
		}
	})
}

func TestActBeforeStartAndAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(2)}, steadyPods)
		for _, a := range Actions {
			if err := s.Act(t.Context(), a); !errors.Is(err, errNotStarted) {
				t.Errorf("%s before Start: %v", a, err)
			}
		}
		s.start()
		if err := s.Act(t.Context(), "explode"); err == nil {
			t.Errorf("an unknown action was run")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Act(t.Context(), timeline.Rollout); !errors.Is(err, errClosed) {
			t.Errorf("after Close: %v", err)
		}
		if _, err := s.dial(0); err == nil {
			t.Error("after Close a connection was made")
		}
	})
}

// TestCancelledActReturnsAtOnce: and Close still ends everything.
func TestCancelledActReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(3)}, steadyPods)
		s.start()
		before := time.Now()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("ctrl-c"))
		defer cancel()
		if err := s.Act(ctx, timeline.Rollout); err == nil || err.Error() != "ctrl-c" {
			t.Errorf("got %v, want the cause of the context", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if waited := time.Since(before); waited != time.Second {
			t.Errorf("it took %v, want 1s: no pod may drain", waited)
		}
		for _, p := range timeline.Pods(s.emitted()) {
			if p.Started != timeline.Never && p.Exited == timeline.Never {
				t.Errorf("%s was left behind", p.Name)
			}
		}
	})
}

func TestCloseInTheMiddleOfAnAct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(3)}, steadyPods)
		s.start()
		act := make(chan error, 1)
		go func() { act <- s.Act(t.Context(), timeline.Delete) }()
		time.Sleep(time.Second)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-act; !errors.Is(err, errClosed) {
			t.Errorf("Act: %v, want %v", err, errClosed)
		}
	})
}
