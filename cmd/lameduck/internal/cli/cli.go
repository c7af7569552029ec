// Package cli is the command line: one file per command, each with its flags
// and one run function.
package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/demo"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// Main runs the command line and returns the exit code.
func Main(args []string, in io.Reader, out, err io.Writer) int {
	if code, ok := role(args, in, out, err); ok {
		return code
	}
	s := console.Streams{In: in, Out: out, Err: err}
	return s.Run(newRoot(s), args)
}

func newRoot(s console.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "lameduck",
		Short: "Find the connections a service drops when its pods are replaced",
		Long: `lameduck finds, counts and explains every connection that a service drops when
its pods are replaced, and shows the change that cures it.

Exit codes: 0 nothing dropped, 1 drops or findings, 2 usage, 3 could not run or
inconclusive.`,
		Example: `  lameduck demo                                        four servers side by side
  lameduck verify deploy/shop -n prod                  a workload of a cluster
  lameduck verify -- ./server                          your own, as one replica
  lameduck verify -f deploy/kubernetes.yaml -- ./app   with the settings of its manifest
  lameduck report before.jsonl after.jsonl             two saved runs, compared`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetHelpCommand(newHelp(root))
	if plugin() {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl lameduck"}
	}
	root.AddCommand(demo.New(s), newVerify(s), newReport(s), newPreStop(s), newVersion(s))
	return root
}

// plugin reports whether kubectl found the program by its name, and runs it as
// kubectl lameduck.
func plugin() bool {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "kubectl-lameduck"
}

// noCommand is the error for a first argument that is no command.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return console.Usage(hint.New(fmt.Errorf("unknown command %q", args[0]), cmd.CommandPath()+" --help lists the commands"))
}
