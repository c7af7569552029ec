package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newRun(t terminal, name *string) *cobra.Command {
	var o netnskube.Options
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND ARGS...",
		Short: "Boot a cluster, run a command beside it, end the cluster",
		Long: `Boots a cluster, runs a command as exec does, and ends the cluster whatever
happens: the command's end, a signal, or the end of netnskube itself. The exit code
is the command's.`,
		Example: `  netnskube run --nodes 2 -- go test ./e2e/...
  netnskube run -- bash`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			began := time.Now()
			c, err := boot(cmd.Context(), t, *name, o)
			if err != nil {
				return err
			}
			fmt.Fprintf(t.err, "%s is up: %s\n", c.Name(), describe(c, time.Since(began)))
			return errors.Join(runIn(cmd.Context(), c, args), end(c.Down))
		},
	}
	bootFlags(cmd, &o)
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// runIn runs a command in the client's namespace. A signal that ends this process ends the
// command as well, which has time to exit by itself.
func runIn(ctx context.Context, c *netnskube.Cluster, args []string) error {
	cmd, err := c.Command(ctx, args...)
	if err != nil {
		return err
	}
	attach(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return exited(cmd.Run())
}

// attach gives a command our own input and output.
func attach(cmd *exec.Cmd) {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
}

// exited makes an exit code of what became of a command.
func exited(err error) error {
	if code := netnskube.ExitCode(err); code != 0 {
		return exitError(code)
	}
	return nil
}

// end ends a cluster, also when a signal asks this process to end.
func end(down func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), downPatience)
	defer cancel()
	return down(ctx)
}
