// Package trial runs one trial: a stage with pods, traffic to them, an
// action that terminates pods, and all events and attempts on one clock.
package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const tail = 500 * time.Millisecond // traffic after the last action

// Run runs a trial. An error means that the trial itself failed; drops are no error. If a
// new pod never becomes ready in the middle of an action
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
	return run, rec.saved(run)
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
		if _, never := errors.AsType[*timeline.NeverReadyError](err); never {
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
