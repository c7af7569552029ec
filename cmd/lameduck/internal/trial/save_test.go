package trial

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// eventful is a stage that emits an event in every part of a trial, and whose
// clocks were compared.
type eventful struct {
	slowMachine
	emit func(timeline.Event)
	fail error // of the second round
}

func (s *eventful) event(kind timeline.Kind) { s.emit(timeline.Event{Pod: "a", Kind: kind}) }

func (s *eventful) Start(context.Context) error { s.event(timeline.Started); return nil }
func (s *eventful) Close() error                { s.event(timeline.Killed); return nil }
func (s *eventful) Skews() []timeline.Skew      { return []timeline.Skew{{Node: "n1", Ahead: 5}} }

func (s *eventful) Act(context.Context) error {
	s.event(timeline.Signalled)
	time.Sleep(time.Second)
	if s.loads = append(s.loads, 0); len(s.loads) > 3 { // two loads, and the first round
		return s.fail
	}
	return nil
}

// savedTrial is a trial of two rounds whose rate is lowered once.
func savedTrial(t *testing.T, to *bytes.Buffer, fail error) (*timeline.Run, error) {
	t.Helper()
	s := &eventful{slowMachine: slowMachine{most: 100}, fail: fail}
	cfg := Config{
		Name: "lab", Action: "rollout", Rounds: 2, Seed: 7, Replicas: 3, Nodes: 2, LowerRate: true, ReadyTimeout: time.Minute,
		Traffic: traffic.Spec{Load: timeline.Load{Rate: 200, Request: timeline.Request{Path: "/x", Host: "shop"}}}, Spec: timeline.Spec{Grace: time.Second},
		Open: func(_ context.Context, _ timeline.Clock, emit func(timeline.Event)) (Stage, error) {
			s.emit = emit
			return s, nil
		},
	}
	if to != nil {
		cfg.Save = to
	}
	return Run(t.Context(), cfg)
}

// TestHeadersAreRecordedWithoutTheirValues: the clients send the values, and the
// run, which is written to files, has the names.
func TestHeadersAreRecordedWithoutTheirValues(t *testing.T) {
	asked := traffic.Spec{Load: timeline.Load{Request: timeline.Request{Headers: []timeline.Header{{Name: "Authorization", Value: "Bearer s3cret"}}}}}
	run := newRecorder(Config{Traffic: asked}).run()
	if want := []timeline.Header{{Name: "Authorization"}}; !cmp.Equal(run.Load.Headers, want) {
		t.Errorf("recorded %+v, want %+v", run.Load.Headers, want)
	}
	if asked.Headers[0].Value != "Bearer s3cret" {
		t.Error("the clients have lost the value")
	}
	var file bytes.Buffer
	if err := timeline.Write(&file, run); err != nil || bytes.Contains(file.Bytes(), []byte("s3cret")) || !bytes.Contains(file.Bytes(), []byte("Authorization")) {
		t.Errorf("%v, %s", err, file.Bytes())
	}
}

// TestSavedRun: the file is the run that was returned, without attempts of a rate
// that was tried before, and has what was asked.
func TestSavedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		run, err := savedTrial(t, &file, nil)
		if err != nil {
			t.Fatal(err)
		}
		saved, attempts, err := timeline.OpenRun(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := attempts(func(a *timeline.Attempt) { saved.Attempts = append(saved.Attempts, *a) }); err != nil {
			t.Fatal(err)
		}
		saved.Start = run.Start // the file has no monotonic clock
		if diff := cmp.Diff(run, saved); diff != "" {
			t.Error(diff)
		}
		want := timeline.Load{Patterns: []string{"new", "keepalive", "slow"}, Rate: 200, Request: timeline.Request{Method: "GET", Path: "/x", Host: "shop"}}
		if diff := cmp.Diff(want, saved.Load); diff != "" || saved.Rate != 100 || saved.Tool == "" || saved.Replicas != 3 || saved.Nodes != 2 {
			t.Errorf("%+v\n%s", saved, diff)
		}
	})
}

// TestRounds: the record has the beginning and the end of each round, and the
// error of the one that failed.
func TestRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, err := savedTrial(t, nil, &timeline.NeverReadyError{Pod: "b", Detail: "its probe fails"})
		if err != nil {
			t.Fatal(err)
		}
		var got []timeline.Event
		for _, e := range run.Events {
			if e.Source == timeline.SourceTrial {
				e.At -= run.Events[1].At
				got = append(got, e)
			}
		}
		round := func(at time.Duration, kind timeline.Kind, n int, why string) timeline.Event {
			return timeline.Event{At: at, Kind: kind, Source: timeline.SourceTrial, Round: n, Detail: why}
		}
		want := []timeline.Event{round(0, timeline.ActionStarted, 1, ""), round(time.Second, timeline.ActionEnded, 1, ""),
			round(time.Second, timeline.ActionStarted, 2, ""), round(2*time.Second, timeline.ActionEnded, 2, "b never became ready: its probe fails")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if pods := timeline.Pods(run.Events); len(pods) != 1 {
			t.Errorf("the rounds are taken for pods: %+v", pods)
		}
	})
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestARunThatCannotBeSaved is not lost.
func TestARunThatCannotBeSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := &slowMachine{most: 1000}
		run, err := Run(t.Context(), Config{
			ReadyTimeout: time.Minute, Save: full{},
			Open: func(context.Context, timeline.Clock, func(timeline.Event)) (Stage, error) { return stage, nil },
		})
		if _, ok := errors.AsType[*SaveError](err); !ok || err.Error() != "save run: no space left on device" || hint.Of(err) == "" {
			t.Errorf("%v, hint %q", err, hint.Of(err))
		}
		if run == nil || len(run.Attempts) == 0 {
			t.Error("the run is lost")
		}
	})
}
