// Package console is the output of the tool's programs: results go to stdout,
// messages and progress to stderr, so that a pipe carries results alone. An
// error is one line, with a hint on the next. Messages begin in lower case and
// end without a full stop. Colour, and a line that is rewritten in place, only
// on a terminal; colour not with NO_COLOR either (no-color.org).
package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// Streams are where a command reads and writes. Results go to Out, messages
// and progress to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run executes the command line and returns the exit code. The first SIGINT,
// SIGTERM or SIGHUP ends the command's context; a second one ends the program
// at once, and the kernel then ends its pods.
func (s Streams) Run(root *cobra.Command, args []string) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetArgs(args)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return Usage(flagError(cmd, err))
	})
	return exitCode(ctx, root.ExecuteContext(ctx), s.Err)
}

// Colour reports whether results may have colour.
func (s Streams) Colour() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(s.Out)
}

// Written explains why a result could not be written; nil if err is nil.
func Written(err error) error {
	if err == nil {
		return nil
	}
	return hint.New(fmt.Errorf("writing the report: %w", err), "check that stdout is writable")
}

// NoArgs is the error for arguments of a command that takes none.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return Usage(hint.New(fmt.Errorf("%s takes no arguments, and got %q", cmd.Name(), args[0]), cmd.CommandPath()+" --help shows an example"))
}
