package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
	"github.com/lameduck-dev/lameduck/tutorial"
)

// serveRole is the argument with which the demo runs this program as a server
// of the tutorial.
const serveRole = "tutorial-server"

// role runs the program as one of the processes that it starts itself. They
// are no commands: nothing of the tool may touch their signals.
func role(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, ok bool) {
	var err error
	switch {
	case len(args) == 1 && args[0] == control.Role:
		err = control.Serve()
	case len(args) == 1 && args[0] == workers.Role:
		err = work(stdin, stdout, stderr)
	case len(args) == 2 && args[0] == serveRole:
		err = serveLesson(args[1])
	default:
		return 0, false
	}
	if err != nil {
		fmt.Fprintln(stderr, "lameduck:", err)
		return exitFailed, true
	}
	return exitClean, true
}

// work is one of the clients that a trial on a cluster has there.
func work(in io.Reader, out, errw io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return workers.Main(ctx, in, out, errw)
}

func serveLesson(name string) error {
	for _, s := range tutorial.Servers {
		if s.Name == name {
			return s.Main(":" + cmp.Or(os.Getenv("PORT"), "8080"))
		}
	}
	return fmt.Errorf("the tutorial has no server %q", name)
}
