package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// The exit codes are part of the tool's contract.
const (
	ExitClean    = 0 // nothing dropped, nothing found
	ExitFindings = 1 // drops or findings
	ExitUsage    = 2 // the command line or a file it names is wrong
	ExitFailed   = 3 // the command could not run, was interrupted, or its result is inconclusive
)

// ErrFindings is returned by a command that has done its work and reported
// drops or findings. No message is written for it.
var ErrFindings = errors.New("drops or findings")

// usageError marks what the user can correct on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage marks err as a mistake on the command line; nil if err is nil.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// exitCode is the code for what a command returned. The message for the user is written
// to errs.
func exitCode(ctx context.Context, err error, errs io.Writer) int {
	cleanUp, failed := errors.AsType[*trial.CleanUpError](err)
	switch {
	case err == nil:
		return ExitClean
	case errors.Is(err, ErrFindings) && !failed:
		return ExitFindings
	case errors.Is(err, ErrFindings):
		err = cleanUp // the report has the findings
	case ctx.Err() != nil && failed:
		err = hint.New(fmt.Errorf("interrupted, and %w", cleanUp), hint.Of(cleanUp))
	case ctx.Err() != nil:
		fmt.Fprintln(errs, "lameduck: interrupted; everything that was started has been ended")
		return ExitFailed
	}
	fmt.Fprintf(errs, "lameduck: %s\n", oneLine(err.Error()))
	if h := hint.Of(err); h != "" {
		fmt.Fprintf(errs, "hint: %s\n", oneLine(h))
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return ExitUsage
	}
	return ExitFailed
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
