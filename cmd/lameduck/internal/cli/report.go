package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/report"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func newReport(s console.Streams) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "report RUN [RUN] [flags]",
		Short: "Report a saved run, or compare two",
		Long: `report reads a run that "lameduck verify --save RUN" wrote, diagnoses it with the
rules of this version, and prints the report as verify does.

With two runs it compares them, the earlier one first: the drops of each
pattern and cause, and the findings that are gone, new, or still there.

A run is read twice, and is never in memory as a whole. One that comes through a
pipe, or from stdin if RUN is -, is first copied to the folder for temporary files.

Exit codes: 0 nothing dropped, 1 drops or findings (of two runs, in the second),
2 usage, or a file that is not a complete run, 3 could not run or inconclusive.`,
		Example: `  lameduck verify --save before.jsonl -- ./server
  lameduck report before.jsonl
  lameduck report before.jsonl -o json
  lameduck report before.jsonl after.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if n := len(args); n != 1 && n != 2 {
				return console.Usage(hint.New(fmt.Errorf("report takes one or two saved runs, and got %d", n), "name one saved run, or two to compare them: lameduck report BEFORE AFTER"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output); err != nil {
				return console.Usage(err)
			}
			return reportRuns(cmd.Context(), s, args, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "format of the report: text or json")
	return cmd
}

func reportRuns(ctx context.Context, s console.Streams, files []string, output string) error {
	var reports []*report.Report
	for _, file := range files {
		r, err := reportOf(ctx, s, file)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	last := reports[len(reports)-1]
	var err error
	switch {
	case len(reports) == 1:
		err = printReport(s, last, output)
	case output == "json":
		err = report.CompareJSON(s.Out, report.Compare(reports[0], last))
	default:
		err = report.CompareText(s.Out, report.Compare(reports[0], last), s.Colour())
	}
	if err := console.Written(err); err != nil {
		return err
	}
	return outcome(last)
}

func printReport(s console.Streams, r *report.Report, output string) error {
	if output == "json" {
		return report.JSON(s.Out, r)
	}
	return report.Text(s.Out, r, s.Colour())
}

// outcome is the exit code of a report, as an error.
func outcome(r *report.Report) error {
	switch r.Verdict {
	case finding.Pass:
		return nil
	case finding.Inconclusive:
		return hint.New(errors.New("inconclusive: "+r.Reason), r.Hint)
	}
	return console.ErrFindings
}

func checkOutput(output string) error {
	if output != "text" && output != "json" {
		return hint.New(fmt.Errorf("unknown output %q", output), "use text or json")
	}
	return nil
}

// reportOf is the report of a saved run. A file that is the wrong one is a mistake on the
// command line; a disk that fails is not.
func reportOf(ctx context.Context, s console.Streams, file string) (*report.Report, error) {
	f, err := openRun(ctx, s, file)
	if err != nil {
		return nil, err
	}
	defer f.end()
	run, attempts, err := timeline.OpenRun(f)
	if err != nil {
		return nil, unreadable(file, err)
	}
	r, err := report.Run(run, attempts)
	return r, unreadable(file, err)
}

// unreadable explains why a file could not be read; nil if it could.
func unreadable(file string, err error) error {
	if err == nil {
		return nil
	}
	for kind, advice := range map[error]string{
		timeline.ErrNotARun:   "name a file that lameduck verify --save has written; --report writes another kind",
		timeline.ErrVersion:   "read it with the version of lameduck that wrote it; its first line has that version",
		timeline.ErrTruncated: "the file is incomplete: copy it again, or repeat the run",
		timeline.ErrDamaged:   "the file is no longer as it was written: copy it again, or repeat the run",
	} {
		if errors.Is(err, kind) {
			return console.Usage(hint.New(fmt.Errorf("%s: %w", file, err), advice))
		}
	}
	return hint.New(fmt.Errorf("%s: %w", file, pathError(err)), "the file could not be read to its end: check the disk")
}
