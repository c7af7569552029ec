package trial

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// slowMachine is a stage on a machine that keeps up with a rate and no more: with
// more the attempts time out and the control target responds late, or not at all.
type slowMachine struct {
	most     int
	silent   bool
	capacity int   // of the server, in requests a second, where it has less than the machine: more wait for one another
	holds    bool  // those that wait do not end at all
	loads    []int // the rate of each load
	open     int   // loads that were not stopped
}

func (m *slowMachine) Start(context.Context) error { return nil }
func (m *slowMachine) Act(context.Context) error   { return nil }
func (m *slowMachine) Close() error                { return nil }

func (m *slowMachine) Load(ctx context.Context, spec traffic.Spec, env traffic.Env) (stop func() error, err error) {
	m.loads = append(m.loads, spec.Rate)
	m.open++
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	begin := env.Clock.Now()
	sending.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
			now := env.Clock.Now()
			pod := timeline.Attempt{Pattern: "new", Conn: 1, Scheduled: now, Started: now, Ended: now, Status: 200}
			control := timeline.Attempt{Control: true, Conn: 2, Scheduled: now, Started: now, Ended: now, Status: 200}
			switch over := spec.Rate > m.capacity && m.capacity > 0; {
			case over && !m.holds:
				pod.Scheduled = begin + (now-begin)*time.Duration(m.capacity)/time.Duration(spec.Rate)
			case over && now-begin > warmUp:
				env.Record(control)
				continue
			}
			if spec.Rate > m.most {
				control.Scheduled = max(0, now-mostLate)
				if m.silent || now-begin > warmUp/2 {
					pod.Cause, pod.Status = timeline.Timeout, 0
				}
			}
			env.Record(pod)
			if !m.silent || spec.Rate <= m.most {
				env.Record(control)
			}
		}
	})
	return func() error {
		m.open--
		cancel()
		sending.Wait()
		return nil
	}, nil
}

// TestRateIsLowered: the trial is made at a rate with which this machine keeps up,
// and has no attempt of another.
func TestRateIsLowered(t *testing.T) {
	for _, tt := range []struct {
		name  string
		stage slowMachine
		asked int
		lower bool
		want  []int // the rates that are tried
	}{
		{"it keeps up", slowMachine{most: 1000}, 200, true, []int{200}},
		{"the default", slowMachine{most: 1000}, 0, true, []int{traffic.DefaultRate}},
		{"it keeps up with a quarter", slowMachine{most: 60}, 200, true, []int{200, 100, 50}},
		{"nothing is served in time", slowMachine{most: 60, silent: true}, 200, true, []int{200, 100, 50}},
		{"it keeps up with nothing", slowMachine{most: 1}, 50, true, []int{50, 25, 12, 10}},
		{"the rate is low", slowMachine{most: 1}, 5, true, []int{5}},
		{"the server keeps up with a third", slowMachine{most: 1000, capacity: 60}, 200, true, []int{200, 100, 50}},
		{"the server keeps up with most of it", slowMachine{most: 1000, capacity: 160}, 200, true, []int{200, 100}},
		{"its workers wait for the next request of their connections", slowMachine{most: 1000, capacity: 60, holds: true}, 200, true, []int{200, 100, 50}},
		{"the server does not keep up, and the rate is fixed", slowMachine{most: 1000, capacity: 60}, 200, false, []int{200}},
		{"the rate is fixed", slowMachine{most: 60}, 200, false, []int{200}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := &tt.stage
				var notes []string
				run, err := Run(t.Context(), Config{
					Traffic: traffic.Spec{Load: timeline.Load{Rate: tt.asked}}, LowerRate: tt.lower, ReadyTimeout: time.Minute,
					Note: func(note string) { notes = append(notes, note) },
					Open: func(context.Context, timeline.Clock, func(timeline.Event)) (Stage, error) { return stage, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(stage.loads, tt.want) || stage.open != 0 {
					t.Errorf("loads of %v, %d left; want %v", stage.loads, stage.open, tt.want)
				}
				why := map[bool]string{true: "the server does not keep up with", false: "this machine was late by"}[stage.capacity > 0]
				if lowered := len(tt.want) - 1; len(notes) != lowered || lowered > 0 && !strings.Contains(notes[0], why) {
					t.Errorf("the notes are %q, want %d, the first with %q", notes, lowered, why)
				}
				if last := tt.want[len(tt.want)-1]; run.Rate != last {
					t.Errorf("the run has the rate %d, want %d", run.Rate, last)
				}
				for _, a := range run.Attempts {
					if a.Dropped() && run.Rate <= stage.most {
						t.Fatalf("an attempt of a higher rate is in the run: %+v", a)
					}
				}
			})
		})
	}
}
