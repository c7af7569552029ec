package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/report"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// try runs the trial and reports it.
func (v *verify) try(ctx context.Context, s console.Streams, line *console.Progress, cfg trial.Config) error {
	cfg.Rounds = v.rounds
	cfg.Progress = func(p trial.Progress) { line.Show(progressLine(p)) }
	cfg.Note = func(note string) { fmt.Fprintln(line, note) }
	file, err := createRunFile(v.save)
	if err != nil {
		return console.Usage(err)
	}
	cfg.Save = file.writer()
	run, err := trial.Run(ctx, cfg)
	line.Clear()
	if run == nil {
		if file != nil {
			fmt.Fprintf(line, "note: %s was not written: the trial did not complete\n", v.save)
		}
		return errors.Join(err, file.end(false))
	}
	_, unsaved := errors.AsType[*trial.SaveError](err)
	r, failed := report.Run(run, run.InMemory)
	if failed != nil {
		return errors.Join(err, failed, file.end(!unsaved))
	}
	// If one of the three cannot be written, the others still are: the run may have been
	// long. Stdout is the last, because a closed pipe ends the program.
	lost := errors.Join(file.end(!unsaved), v.saveReport(r), console.Written(printReport(s, r, v.output)))
	if lost != nil || unsaved {
		return errors.Join(lost, err)
	}
	return errors.Join(outcome(r), err)
}

func (v *verify) saveReport(r *report.Report) error {
	if v.report == "" {
		return nil
	}
	return saveReport(v.report, r)
}

func progressLine(p trial.Progress) string {
	left := ""
	if p.Left >= time.Second {
		left = fmt.Sprintf(", about %v left", p.Left.Round(time.Second))
	}
	return fmt.Sprintf("%4.0f s%s  %d attempts, %d dropped  %s", p.Elapsed.Seconds(), left, p.Attempts, p.Dropped, p.Phase)
}
