// Package trial runs one trial: a stage with pods, traffic to them, an
// action that terminates pods, and all events and attempts on one clock.
package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// Config is the settings of a trial.
type Config struct {
	// Open prepares the stage. Events that it sees go to emit, timed by clock.
	Open func(ctx context.Context, clock timeline.Clock, emit func(timeline.Event)) (Stage, error)

	Name         string // of the stage: lab or cluster
	Action       string
	Spec         timeline.Spec // of the pod template
	Replicas     int
	Nodes        int // of the lab
	Seed         uint64
	Accuracy     time.Duration // of the events; see timeline.Run
	Rounds       int           // number of times to run the action; default 1
	ActTakes     time.Duration // how long an action takes, where that is known before
	ReadyTimeout time.Duration // how long to wait for the first answer
	// LowerRate allows a lower rate than that of Traffic where this machine does
	// not keep up with it, as the warm-up shows.
	LowerRate bool
	Traffic   traffic.Spec
	Note      func(string)   // takes a line for the user; may be nil
	Progress  func(Progress) // called a few times a second; may be nil
	// Save gets the run as a file of package timeline, while it is made; may be
	// nil. It begins when the traffic is warm, so a trial that could not run
	// writes nothing.
	Save io.Writer
}

// Progress is how far a trial has got.
type Progress struct {
	Phase    string
	Elapsed  time.Duration
	Left     time.Duration // about, until the last action has ended; 0: not known, before one has
	Attempts int
	Dropped  int
}

// Stage is where the pods run and the clients are: the lab, or a cluster.
type Stage interface {
	// Start returns when all pods are ready and connections are routed to them.
	Start(ctx context.Context) error
	// Load sends traffic to the Service, and some to a server beside it that
	// never terminates, until stop is called or ctx ends.
	Load(ctx context.Context, spec traffic.Spec, env traffic.Env) (stop func() error, err error)
	// Act runs the action once, to its end. An error with a method
	// NeverReady means that a new pod did not become ready in time.
	Act(ctx context.Context) error
	Close() error
}

// A Stage may have a method Skews, how far the clocks of its nodes are from the
// one the run is timed by, and a method Uncontrolled, which explains the error that no attempt
// at the control target was served. Without this method the clients are
// sure to reach the control target, because it runs on the same machine. One
// that has a method Waiting shows with it which pod is waited for, and why.

const (
	warmUp  = time.Second            // traffic before the first action: the latencies to compare with
	tail    = 500 * time.Millisecond // traffic after the last
	refresh = 100 * time.Millisecond // between two calls of Progress
)

// A CleanUpError is what a trial could not end or restore.
type CleanUpError struct{ Err error }

func (e *CleanUpError) Error() string { return e.Err.Error() }
func (e *CleanUpError) Unwrap() error { return e.Err }

// A SaveError is why a run could not be saved.
type SaveError struct{ Err error }

func (e *SaveError) Error() string { return "save run: " + e.Err.Error() }
func (e *SaveError) Unwrap() error { return e.Err }

// Run runs a trial. The error is the reason why that failed; drops
// are no error. If a new pod never becomes ready in the middle of an action
// the trial ends there, and the run has the event. Nothing is left running, or the
// error contains a *CleanUpError. A run after which only the clean-up failed is
// returned beside that error, because nothing of the run is missing; so is one
// that could not be saved, beside a *SaveError.
func Run(ctx context.Context, cfg Config) (run *timeline.Run, err error) {
	cfg.Rounds = max(1, cfg.Rounds)
	rec := newRecorder(cfg)
	defer rec.watch(ctx)()

	defer rec.watchStalls(ctx)()

	rec.phase("starting")
	stage, err := cfg.Open(ctx, rec.clock, rec.event)
	if err != nil {
		return nil, err
	}
	defer func() {
		if failed := stage.Close(); failed != nil {
			err = errors.Join(err, &CleanUpError{failed})
		}
	}()
	if s, ok := stage.(interface{ Waiting() string }); ok {
		rec.setWaiting(s.Waiting)
	}
	if err := stage.Start(ctx); err != nil {
		return nil, err
	}
	if err := actUnderLoad(ctx, cfg, stage, rec); err != nil {
		return nil, err
	}
	run = rec.run()
	if s, ok := stage.(interface{ Skews() []timeline.Skew }); ok {
		run.Skews = s.Skews()
	}
	return attribute.Run(run), rec.saved(run)
}

// actUnderLoad sends the traffic and runs the action under it.
func actUnderLoad(ctx context.Context, cfg Config, s Stage, rec *recorder) error {
	loadCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop, err := startLoad(loadCtx, cfg, s, rec)
	if err != nil {
		return err
	}
	rec.saveTo(cfg.Save)
	err = act(ctx, cfg, s, rec)
	rec.phase("finishing")
	return errors.Join(err, stop())
}

func act(ctx context.Context, cfg Config, s Stage, rec *recorder) error {
	rec.acting(cfg.Rounds, cfg.ActTakes)
	for round := range cfg.Rounds {
		rec.phase(fmt.Sprintf("%s %d of %d", cfg.Action, round+1, cfg.Rounds))
		rec.event(timeline.Event{At: rec.clock.Now(), Kind: timeline.ActionStarted, Source: timeline.SourceTrial, Round: round + 1})
		err := s.Act(ctx)
		rec.roundEnded(round + 1)
		rec.event(timeline.Event{At: rec.clock.Now(), Kind: timeline.ActionEnded, Source: timeline.SourceTrial, Round: round + 1, Detail: reason(err)})
		if _, never := errors.AsType[neverReady](err); never {
			break // a finding, which the next round would only repeat
		}
		if err != nil {
			return err
		}
	}
	return sleep(ctx, tail)
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// neverReady is the error of a stage with a new pod that did not become ready in time.
type neverReady interface {
	error
	NeverReady()
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
