// Command demo is `lameduck demo` as a program of its own. It compiles in a
// third of the time, because no package of Kubernetes is in it.
package main

import (
	"fmt"
	"os"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/demo"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

func main() {
	sandbox.Main()
	if ok, err := demo.Role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lameduck:", err)
		os.Exit(console.ExitFailed)
	} else if ok {
		return
	}
	s := console.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	os.Exit(s.Run(demo.New(s), os.Args[1:]))
}
