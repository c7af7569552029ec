// Command netnskube boots a throw-away Kubernetes cluster on one Linux machine,
// without Docker and without a registry, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

// The exit codes. run and exec have their command's instead, once it runs.
const (
	exitFailed = 1 // it was tried, and failed
	exitUsage  = 2 // the command line is wrong
	exitNotUs  = 3 // it cannot run here, or was interrupted
)

func main() {
	netnskube.Main()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// terminal is where a command writes: results to out, progress to err.
type terminal struct{ out, err io.Writer }

// usageError marks what the user can correct on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitError is the exit code of a command that has run. Nothing is printed about it.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func run(args []string, out, err io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	t := terminal{out, err}
	root := newRoot(t)
	root.SetArgs(args)
	return t.exitCode(ctx, root.ExecuteContext(ctx))
}

func (t terminal) exitCode(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exitError](err); ok {
		return int(code)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(t.err, "netnskube: interrupted; everything that was started has been ended")
		return exitNotUs
	}
	_, usage := errors.AsType[usageError](err)
	hint := netnskube.Hint(err)
	if usage && hint == "" {
		hint = "netnskube COMMAND --help shows how"
	}
	fmt.Fprintf(t.err, "netnskube: %s\n", oneLine(err.Error()))
	if hint != "" {
		fmt.Fprintf(t.err, "hint: %s\n", oneLine(hint))
	}
	switch {
	case usage:
		return exitUsage
	case errors.Is(err, netnskube.ErrUnsupported):
		return exitNotUs
	}
	return exitFailed
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
