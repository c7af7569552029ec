package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/demo"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/agent"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// role runs the program as one of the processes that it starts itself. They
// are no commands: nothing of the tool may touch their signals.
func role(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, ok bool) {
	ok, err := demo.Role(args)
	if len(args) == 1 && args[0] == wire.Role {
		ok, err = true, agent.Main(context.Background(), stdin, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "lameduck:", err)
		return console.ExitFailed, ok
	}
	return console.ExitClean, ok
}
