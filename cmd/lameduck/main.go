// Command lameduck proves that a service leaves a Kubernetes cluster without
// dropping a connection, and teaches why most do not.
package main

import (
	"os"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/cli"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

func main() {
	sandbox.Main()
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
