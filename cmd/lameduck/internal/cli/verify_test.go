package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// cordoned is a stage that cannot be put back as it was.
type cordoned struct{ err error }

func (cordoned) Start(context.Context) error { return nil }
func (cordoned) Act(context.Context) error   { return nil }
func (s cordoned) Close() error              { return s.err }

func (cordoned) Load(_ context.Context, _ traffic.Spec, env traffic.Env) (stop func() error, err error) {
	env.Record(timeline.Attempt{Pattern: "new", Conn: 1, Status: 200})
	return func() error { return nil }, nil
}

// A failed clean-up loses nothing of the report: neither the one on stdout
// nor the file of --report.
func TestReportOutlivesAFailedCleanUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		stuck := errors.New("node-a is still cordoned")
		v := verify{output: "json", report: file, rounds: 1}
		cfg := trial.Config{Name: "cluster", ReadyTimeout: time.Minute}
		cfg.Open = func(context.Context, timeline.Clock, func(timeline.Event)) (trial.Stage, error) {
			return cordoned{stuck}, nil
		}
		err := v.try(t.Context(), console.Streams{Out: &out, Err: io.Discard}, console.NewProgress(io.Discard), cfg)
		if failed, ok := errors.AsType[*trial.CleanUpError](err); !ok || failed.Err != stuck || errors.Is(err, console.ErrFindings) {
			t.Errorf("the error is %v, want only the failed clean-up", err)
		}
	})
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string][]byte{"stdout": out.Bytes(), "--report": saved} {
		var r struct{ Attempts int }
		if err := json.Unmarshal(text, &r); err != nil || r.Attempts != 1 {
			t.Errorf("%s has no report of 1 attempt (%v): %s", where, err, text)
		}
	}
}
