package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/diagnose"
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
		run, err := readRun(ctx, file)
		if err != nil {
			return err
		}
		reports = append(reports, judge(attribute.Run(run)))
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

// judge is the report of a run whose attempts have their pods.
func judge(run *timeline.Run) *report.Report {
	return report.New(run, diagnose.Run(run))
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

// readRun reads a saved run. A file that is the wrong one is a mistake on the
// command line; a disk that fails is not.
func readRun(ctx context.Context, file string) (*timeline.Run, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, console.Usage(hint.New(fmt.Errorf("%s: %w", file, pathError(err)), "name a file that lameduck verify --save has written"))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, console.Usage(hint.New(fmt.Errorf("%s is a folder", file), "name a file that lameduck verify --save has written"))
	}
	run, err := timeline.Read(interruptible{ctx, f})
	if err == nil {
		return run, nil
	}
	for kind, advice := range map[error]string{
		timeline.ErrNotARun:   "name a file that lameduck verify --save has written; --report writes another kind",
		timeline.ErrVersion:   "read it with the version of lameduck that wrote it; its first line has that version",
		timeline.ErrTruncated: "the file is incomplete: copy it again, or repeat the run",
		timeline.ErrDamaged:   "the file is no longer as it was written: copy it again, or repeat the run",
	} {
		if errors.Is(err, kind) {
			return nil, console.Usage(hint.New(fmt.Errorf("%s: %w", file, err), advice))
		}
	}
	return nil, hint.New(fmt.Errorf("%s: %w", file, pathError(err)), "the file could not be read to its end: check the disk")
}

// interruptible ends the reading of a long run when ctx ends.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// pathError is the error without the operation and the path, which the message
// has already.
func pathError(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
