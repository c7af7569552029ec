package cli

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/demo"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// role runs the program as one of the processes that it starts itself. They
// are no commands: nothing of the tool may touch their signals.
func role(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, ok bool) {
	ok, err := demo.Role(args)
	if len(args) == 1 && args[0] == workers.Role {
		ok, err = true, work(stdin, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "lameduck:", err)
		return console.ExitFailed, ok
	}
	return console.ExitClean, ok
}

// work is one of the clients that a trial on a cluster has there.
func work(in io.Reader, out, errw io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return workers.Main(ctx, in, out, errw)
}
