// Package cli is the command line: one file per command, each with its flags
// and one run function.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// The exit codes are part of the tool's contract.
const (
	exitClean    = 0 // nothing dropped, nothing found
	exitFindings = 1 // drops or findings
	exitUsage    = 2 // the command line or a file it names is wrong
	exitFailed   = 3 // it could not run, or was interrupted
)

// errFindings is returned by a command that has done its work and reported
// drops or findings. Nothing more is said of it.
var errFindings = errors.New("drops or findings")

// usageError marks what the user can mend on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// terminal is where a command reads and writes. Results go to out, talk and
// progress to err.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// Main runs the command line and returns the exit code.
func Main(args []string, in io.Reader, out, err io.Writer) int {
	if code, ok := role(args, in, out, err); ok {
		return code
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the tool at once, and the kernel its pods
	t := terminal{in, out, err}
	root := newRoot(t)
	root.SetArgs(args)
	return t.exitCode(ctx, root.ExecuteContext(ctx))
}

func (t terminal) exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return exitClean
	case errors.Is(err, errFindings):
		return exitFindings
	case ctx.Err() != nil:
		fmt.Fprintln(t.err, "lameduck: interrupted; everything that was started has been ended")
		return exitFailed
	}
	fmt.Fprintf(t.err, "lameduck: %s\n", oneLine(err.Error()))
	if h := hint.Of(err); h != "" {
		fmt.Fprintf(t.err, "hint: %s\n", oneLine(h))
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func newRoot(t terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "lameduck",
		Short: "Find the connections a service drops when its pods are replaced",
		Long: `lameduck finds, counts and explains every connection that a service drops when
its pods are replaced, and shows the change that cures it.

Exit codes: 0 nothing dropped, 1 drops or findings, 2 usage, 3 could not run.`,
		Example: `  lameduck demo                                        four servers side by side
  lameduck verify deploy/shop -n prod                  a workload of a cluster
  lameduck verify -- ./server                          your own, as one replica
  lameduck verify -f deploy/kubernetes.yaml -- ./app   with what its manifest says`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(hint.New(err, cmd.CommandPath()+" --help lists the flags"))
	})
	root.SetHelpCommand(newHelp(root))
	if plugin() {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl lameduck"}
	}
	root.AddCommand(newDemo(t), newVerify(t), newPreStop(t), newVersion(t))
	return root
}

// plugin reports whether kubectl found the program by its name, and runs it as
// kubectl lameduck.
func plugin() bool {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "kubectl-lameduck"
}

// noCommand is the error for a first word that is no command.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(hint.New(fmt.Errorf("unknown command %q", args[0]), cmd.CommandPath()+" --help lists the commands"))
}

// noArgs is the error for words behind a command that takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(hint.New(fmt.Errorf("%s takes no arguments, and got %q", cmd.Name(), args[0]), cmd.CommandPath()+" --help shows an example"))
}
