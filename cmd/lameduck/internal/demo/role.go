package demo

import (
	"cmp"
	"fmt"
	"os"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/tutorial"
)

// serveRole is the argument with which the demo runs its own program as a
// server of the tutorial.
const serveRole = "tutorial-server"

// Role runs the program as one of the processes that the demo starts: a
// server of the tutorial, or the control target. These processes handle their
// signals themselves. ok reports whether args name a role.
func Role(args []string) (ok bool, err error) {
	switch {
	case len(args) == 1 && args[0] == control.Role:
		return true, control.Serve()
	case len(args) == 2 && args[0] == serveRole:
		return true, serveLesson(args[1])
	}
	return false, nil
}

func serveLesson(name string) error {
	for _, s := range tutorial.Servers {
		if s.Name == name {
			return s.Main(":" + cmp.Or(os.Getenv("PORT"), "8080"))
		}
	}
	return fmt.Errorf("the tutorial has no server %q", name)
}
