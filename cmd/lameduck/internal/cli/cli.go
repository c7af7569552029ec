// Package cli is the command line: one file per command, each with its flags
// and one run function.
package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/demo"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/version"
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
		Example: `  lameduck demo                                        four example servers side by side
  lameduck verify -- ./server                          your server, on this machine, as one replica
  lameduck verify -f deploy/kubernetes.yaml -- ./app   the same with the settings of its manifest
  lameduck verify deploy/shop -n prod                  a workload of a cluster
  lameduck report before.jsonl after.jsonl             two saved runs, compared
  lameduck lint deploy/                                mistakes in manifests, before they are deployed`,
		Version: version.String(),
		Args:    noCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetHelpCommand(newHelp(root))
	root.SetHelpFunc(showHelp)
	root.SetUsageTemplate(withoutExamples(root.UsageTemplate()))
	if plugin() {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl lameduck"}
	}
	root.AddCommand(demo.New(s), newVerify(s), newReport(s), newLint(s), newExplain(s), newPreStop(s), newVersion(s))
	root.SetOut(s.Out) // the commands of completion keep it
	addCompletion(root)
	return root
}

// plugin reports whether kubectl found the program by its name, and runs it as
// kubectl lameduck.
func plugin() bool {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "kubectl-lameduck"
}
