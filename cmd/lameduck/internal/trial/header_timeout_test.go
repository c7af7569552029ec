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

// impatient is a stage with a server that does not wait longer than timeout for
// the head of a request, and ends it as end does.
type impatient struct {
	timeout time.Duration
	end     func(*timeline.Attempt)
	heads   []time.Duration // how long a head took, of each load
}

func (m *impatient) Start(context.Context) error { return nil }
func (m *impatient) Act(context.Context) error   { return nil }
func (m *impatient) Close() error                { return nil }

func (m *impatient) Load(ctx context.Context, spec traffic.Spec, env traffic.Env) (stop func() error, err error) {
	takes := spec.HeadTakes()
	m.heads = append(m.heads, takes)
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	sending.Go(func() {
		for {
			begin := env.Clock.Now()
			if sleep(ctx, min(takes, m.timeout)) != nil {
				return
			}
			now := env.Clock.Now()
			a := timeline.Attempt{Pattern: "slow", Conn: 1, Scheduled: begin, Started: begin, Sent: now, Ended: now, Status: 200}
			if takes > m.timeout {
				a.Sent, a.Status = timeline.Never, 0
				m.end(&a)
			}
			env.Record(a)
			env.Record(timeline.Attempt{Pattern: "slow", Control: true, Conn: 2, Scheduled: now, Started: now, Ended: now, Status: 200})
		}
	})
	return func() error {
		cancel()
		sending.Wait()
		return nil
	}, nil
}

// TestHeaderTimeout: a head that is sent slowly is complete before the header
// time-out of the server, whatever the server does when it is over. The run has no
// attempt that met it.
func TestHeaderTimeout(t *testing.T) {
	closes := func(a *timeline.Attempt) {
		a.Cause, a.Class, a.Phase = timeline.EOF, timeline.ClassCut, timeline.SendPhase
	}
	resets := func(a *timeline.Attempt) {
		a.Cause, a.Class, a.Phase = timeline.Reset, timeline.ClassCut, timeline.SendPhase
	}
	answers := func(a *timeline.Attempt) { a.Status, a.End = 408, timeline.Announced }
	rejects := func(a *timeline.Attempt) { a.Status, a.End = 400, timeline.Announced }
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		end     func(*timeline.Attempt)
		want    []time.Duration // how long heads took
	}{
		{"closes after 1 s", time.Second, closes, []time.Duration{2 * time.Second, time.Second / 2}},
		{"resets after 1.5 s", 1500 * time.Millisecond, resets, []time.Duration{2 * time.Second, 750 * time.Millisecond}},
		{"status 408 after 200 ms", 200 * time.Millisecond, answers, []time.Duration{2 * time.Second, 100 * time.Millisecond}},
		{"status 400 after 1 s", time.Second, rejects, []time.Duration{2 * time.Second, time.Second / 2}},
		{"waits", time.Hour, nil, []time.Duration{2 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := &impatient{timeout: tt.timeout, end: tt.end}
				var notes []string
				run, err := Run(t.Context(), Config{
					Traffic: traffic.Spec{Load: timeline.Load{Patterns: []string{"slow"}}}, ReadyTimeout: time.Minute, Note: func(s string) { notes = append(notes, s) },
					Open: func(context.Context, timeline.Clock, func(timeline.Event)) (Stage, error) { return stage, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(stage.heads, tt.want) {
					t.Errorf("heads took %v, want %v", stage.heads, tt.want)
				}
				if noted := strings.Contains(strings.Join(notes, "\n"), "header time-out"); noted != (len(tt.want) > 1) {
					t.Errorf("notes %q", notes)
				}
				for i := range run.Attempts {
					if traffic.CutHead(&run.Attempts[i]) {
						t.Fatalf("an attempt that met the time-out is in the run: %+v", run.Attempts[i])
					}
				}
			})
		})
	}
}
