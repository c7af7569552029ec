package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/gather"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/output"
)

// linter is the flags of the command, as they were typed.
type linter struct {
	output, failOn string
}

func newLint(s console.Streams) *cobra.Command {
	var l linter
	cmd := &cobra.Command{
		Use:   "lint (FILE | DIR | -)... [flags]",
		Short: "Find the mistakes in manifests that drop connections",
		Long: `lint reads the manifests of a service, and finds the mistakes that drop
connections when its pods are replaced: a preStop hook that takes the whole grace
period, a server that gets no stop signal, a rollout that takes every pod at one time.

A file has any number of YAML or JSON documents; of a folder all files that end in
.yaml, .yml or .json are read, also those of its folders; - is stdin. Give all
manifests of a service at one time: a Service, a PodDisruptionBudget and an autoscaler
belong to the pods that they select.

Results are on stdout, what could not be read on stderr.

Exit codes: 0 nothing found, 1 findings of the severity of --fail-on or above,
2 usage, 3 something could not be read.`,
		Example: `  lameduck lint deploy/
  lameduck lint deployment.yaml service.yaml
  helm template chart/ | lameduck lint -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return console.Usage(hint.New(errors.New("nothing to read"), "name files or folders with manifests, or - for stdin: lameduck lint deploy/"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return l.run(s, args) },
	}
	cmd.Flags().StringVarP(&l.output, "output", "o", "text", "format of the findings: "+oneOf(outputs()))
	cmd.Flags().StringVar(&l.failOn, "fail-on", string(lint.Warning), "`SEVERITY` from which on findings are exit code 1: "+oneOf(severities()))
	return cmd
}

func (l *linter) run(s console.Streams, args []string) error {
	if err := l.check(args); err != nil {
		return console.Usage(err)
	}
	m := gather.Read(args, s.In)
	for _, err := range m.Unread {
		fmt.Fprintln(s.Err, err)
	}
	r := &output.Result{Manifests: m, Findings: lint.Objects(m.Objects)}
	if err := console.Written(output.Text(s.Out, r, s.Colour())); err != nil {
		return err
	}
	return l.outcome(r)
}

// check finds what is wrong with the command line before anything is read.
func (l *linter) check(args []string) error {
	if !slices.Contains(outputs(), l.output) {
		return hint.New(fmt.Errorf("unknown output %q", l.output), "use "+oneOf(outputs()))
	}
	if !slices.Contains(severities(), l.failOn) {
		return hint.New(fmt.Errorf("unknown severity %q", l.failOn), "use "+oneOf(severities()))
	}
	for _, arg := range args {
		if _, err := os.Stat(arg); arg != gather.Stdin && errors.Is(err, fs.ErrNotExist) {
			return hint.New(fmt.Errorf("%s: %w", arg, pathError(err)), "name files or folders with manifests, or - for stdin")
		}
	}
	return nil
}

// outcome is the exit code, as an error.
func (l *linter) outcome(r *output.Result) error {
	if n := len(r.Unread); n > 0 {
		return hint.New(fmt.Errorf("%d of what was to be read could not be", n), "the lines above name each; all else was read")
	}
	if len(r.Objects) == 0 && len(r.Skipped) == 0 {
		return hint.New(errors.New("no object of Kubernetes was found"), "name files or folders with manifests, or - for stdin")
	}
	least := slices.Index(severities(), l.failOn)
	for _, f := range r.Findings {
		if slices.Index(lint.Severities, f.Severity) >= least {
			return console.ErrFindings
		}
	}
	return nil
}

func outputs() []string { return []string{"text"} }

func severities() []string {
	return namesOf(lint.Severities, func(s lint.Severity) string { return string(s) })
}

// oneOf is a list for a message: "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
