package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/cluster"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/gather"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/output"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// linter is the flags of the command, as they were typed.
type linter struct {
	output, failOn string
	ignore         []string
	policy         bool
	dockerfiles    []string
	fix, diff      bool

	namespace, context, kubeconfig string // of a workload of a cluster

	images []model.Dockerfile // of --dockerfile
}

func newLint(s console.Streams) *cobra.Command {
	var l linter
	cmd := &cobra.Command{
		Use:   "lint ((FILE | DIR | -)... | KIND/NAME [-n NAMESPACE]) [flags]",
		Short: "Find the mistakes in manifests that drop connections",
		Long: `lint reads the manifests of a service, and finds the mistakes that drop
connections when its pods are replaced: a preStop hook that takes the whole grace
period, a server that gets no stop signal, a rollout that takes all pods at once.

A file has any number of YAML or JSON documents; of a folder all files that end in
.yaml, .yml or .json are read, also those of its folders; - is stdin. Give all
manifests of a service together: a Service, a PodDisruptionBudget and an autoscaler
belong to the pods that they select.

With KIND/NAME (a Deployment, StatefulSet, DaemonSet or Service) it reads the workload
from the cluster of your kubeconfig, with its Services, PodDisruptionBudgets,
HorizontalPodAutoscaler and ConfigMaps, and changes nothing there.

A Helm chart is rendered by helm, a kustomization is built by kustomize or
kubectl, if they are in PATH. Nothing is fetched from elsewhere.

lameduck explain RULE has the reasons of a finding. Where it is no mistake, an
annotation of the object or of its pod template ignores the rule:

  lameduck.dev/ignore: "RULE, RULE: reason"

Results are on stdout, what could not be read on stderr.

Exit codes: 0 nothing found, 1 findings of the severity of --fail-on or above,
2 usage, 3 something could not be read.`,
		Example: `  lameduck lint deploy/
  lameduck lint deployment.yaml service.yaml
  lameduck lint deploy/shop -n prod
  lameduck lint deploy/ --diff
  lameduck lint deploy/ -o sarif >lint.sarif
  lameduck lint --policy | kubectl apply -f -
  helm template chart/ --values prod.yaml | lameduck lint -`,
		Args: func(_ *cobra.Command, args []string) error {
			if l.policy && len(args) > 0 {
				return console.Usage(hint.New(errors.New("--policy reads no manifests"), "lameduck lint --policy | kubectl apply -f -"))
			}
			if len(args) == 0 && !l.policy {
				return console.Usage(hint.New(errors.New("nothing to read"), "name files or folders with manifests, or - for stdin: lameduck lint deploy/"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd.Context(), s, args) },
	}
	cmd.Flags().StringVarP(&l.output, "output", "o", "text", "format of the findings: "+oneOf(outputs()))
	cmd.Flags().StringVar(&l.failOn, "fail-on", string(lint.Warning), "`SEVERITY` from which on findings are exit code 1: "+oneOf(severities()))
	cmd.Flags().StringArrayVar(&l.dockerfiles, "dockerfile", nil, "`[IMAGE=]FILE` that an image is built from; without IMAGE it is taken for every image that is not an official one. May be repeated")
	cmd.Flags().BoolVar(&l.fix, "fix", false, "change the files where that cures a finding, and report what is left")
	cmd.Flags().BoolVar(&l.diff, "diff", false, "changes of --fix on stdout, as a unified diff, instead of the findings")
	cmd.Flags().BoolVar(&l.policy, "policy", false, "the arithmetic on stdout as ValidatingAdmissionPolicies that warn, instead of the findings")
	cmd.Flags().StringSliceVar(&l.ignore, "ignore", nil, "`RULES` whose findings are left out, with commas between them")
	cmd.Flags().StringVarP(&l.namespace, "namespace", "n", "", "`NAME` of the namespace of KIND/NAME (default that of the context)")
	cmd.Flags().StringVar(&l.context, "context", "", "`NAME` of the context of the kubeconfig (default its current context)")
	cmd.Flags().StringVar(&l.kubeconfig, "kubeconfig", "", "`FILE` in place of KUBECONFIG and ~/.kube/config")
	completeLint(cmd)
	return cmd
}

// completeLint is what a shell may offer beside the names of files.
func completeLint(cmd *cobra.Command) {
	for flag, words := range map[string][]string{"output": outputs(), "fail-on": severities(), "ignore": lintIDs()} {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // there is no such flag
		}
	}
}

func lintIDs() []string { return namesOf(lint.Rules(), func(r lint.Rule) string { return r.ID }) }

func (l *linter) run(ctx context.Context, s console.Streams, args []string) error {
	if l.policy {
		return console.Written(lint.WritePolicies(s.Out))
	}
	if err := cmp.Or(l.check(args), l.readDockerfiles()); err != nil {
		return console.Usage(err)
	}
	if l.onCluster(args) {
		live, err := l.live(ctx, args[0])
		if err != nil {
			return err
		}
		args, s.In = []string{gather.Stdin}, live
	}
	m := gather.Read(ctx, args, s.In)
	if ctx.Err() != nil {
		return context.Cause(ctx) // before a file is changed for what was read in part
	}
	unwritten := l.change(s, m)
	if l.fix {
		m = gather.Read(ctx, args, s.In) // what is left
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	writeUnread(s.Err, m.Unread)
	r := &output.Result{Manifests: m, Findings: l.findings(m), FailOn: lint.Severity(l.failOn)}
	if !l.diff {
		if err := console.Written(l.write(s, r)); err != nil {
			return err
		}
	}
	return errors.Join(unwritten, outcomeOf(r))
}

// writeUnread writes the errors, each with its hint unless the one before has the same.
func writeUnread(w io.Writer, unread []error) {
	before := ""
	for i, err := range unread {
		if h := hint.Of(err); i > 0 && h != before {
			fmt.Fprintf(w, "hint: %s\n", before)
		}
		before = hint.Of(err)
		fmt.Fprintln(w, err)
	}
	if before != "" {
		fmt.Fprintf(w, "hint: %s\n", before)
	}
}

// readDockerfiles reads the files of --dockerfile: [IMAGE=]FILE.
func (l *linter) readDockerfiles() error {
	const advice = "name a Dockerfile, or the image that is built from it as well: lameduck lint --dockerfile registry.example/web=web/Dockerfile"
	for _, arg := range l.dockerfiles {
		image, name, found := strings.Cut(arg, "=")
		if !found {
			image, name = "", arg
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return hint.New(fmt.Errorf("--dockerfile %s: %w", name, pathError(err)), advice)
		}
		d, err := model.ReadDockerfile(name, text)
		if err != nil {
			return hint.New(fmt.Errorf("--dockerfile %w", err), advice)
		}
		d.Image = image
		l.images = append(l.images, d)
	}
	return nil
}

// onCluster reports whether the arguments name a workload of a cluster: what is no file,
// and has the form of one.
func (l *linter) onCluster(args []string) bool {
	if len(args) != 1 || cluster.CheckRef(args[0]) != nil {
		return false
	}
	_, err := os.Stat(args[0])
	return l.namespace != "" || errors.Is(err, fs.ErrNotExist)
}

// live reads a workload from a cluster.
func (l *linter) live(ctx context.Context, name string) (io.Reader, error) {
	klog.SetLogger(logr.Discard())
	access, err := cluster.Connect(l.kubeconfig, l.context, l.namespace)
	if err != nil {
		if l.kubeconfig != "" || l.context != "" {
			err = console.Usage(err) // nothing was sent yet
		}
		return nil, err
	}
	text, err := cluster.Manifests(ctx, access, name)
	return bytes.NewReader(text), err
}

// change makes the changes of --fix, or shows those of --diff. A text that a program has
// made is none that can be changed.
func (l *linter) change(s console.Streams, m *gather.Manifests) error {
	if !l.fix && !l.diff {
		return nil
	}
	var errs []error
	for _, set := range m.Sets() {
		if len(set) == 0 || m.Built(set[0].File()) {
			continue
		}
		left := l.options().FixPacked(set, func(f *lint.Fixed) { errs = append(errs, l.mendFile(s, f)) })
		for _, f := range left {
			fmt.Fprintf(s.Err, "not changed: %s: %v\n", f.ID, f.Err)
		}
	}
	return errors.Join(errs...)
}

func (l *linter) mendFile(s console.Streams, f *lint.Fixed) error {
	if l.diff {
		_, err := s.Out.Write(f.Diff())
		return console.Written(err)
	}
	if err := f.Write(); err != nil {
		return hint.New(err, "check that the file can be written to")
	}
	fmt.Fprintf(s.Err, "changed: %s\n", f.File.Name)
	return nil
}

// findings are those in each set of objects, at the places that the user can edit. Two
// overlays may have one mistake of their base.
func (l *linter) findings(m *gather.Manifests) []lint.Finding {
	var all []lint.Finding
	seen := map[string]bool{}
	for _, set := range m.Sets() {
		for _, f := range l.options().Packed(set) {
			at := m.Origin(gather.Place{File: f.File, Pos: object.Pos{Line: f.Line, Column: f.Column}})
			f.File, f.Line, f.Column = at.File, at.Line, at.Column
			if key := fmt.Sprint(f.ID, at, f.Object, f.Summary); !seen[key] {
				seen[key] = true
				all = append(all, f)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b lint.Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return all
}

// check finds what is wrong with the command line before anything is read.
func (l *linter) check(args []string) error {
	if !slices.Contains(outputs(), l.output) {
		return hint.New(fmt.Errorf("unknown output %q", l.output), "use "+oneOf(outputs()))
	}
	if l.fix && (l.diff || slices.Contains(args, gather.Stdin)) {
		return hint.New(errors.New("--fix changes files, so it goes with neither --diff nor stdin"), "lameduck lint --diff shows the changes")
	}
	if !slices.Contains(severities(), l.failOn) {
		return hint.New(fmt.Errorf("unknown severity %q", l.failOn), "use "+oneOf(severities()))
	}
	for _, id := range l.ignore {
		if !slices.Contains(lintIDs(), id) {
			return hint.New(fmt.Errorf("--ignore: unknown rule %q", id), hint.DidYouMean(id, lintIDs(), "lameduck explain lists the rules"))
		}
	}
	if l.onCluster(args) {
		return l.checkCluster()
	}
	return l.checkFiles(args)
}

func (l *linter) checkCluster() error {
	if l.fix {
		return hint.New(errors.New("--fix changes files, and not a cluster"), "lameduck lint --diff shows the changes")
	}
	return nil
}

func (l *linter) checkFiles(args []string) error {
	for _, flag := range []struct{ name, value string }{{"namespace", l.namespace}, {"context", l.context}, {"kubeconfig", l.kubeconfig}} {
		if flag.value != "" {
			return hint.New(fmt.Errorf("--%s is for one workload of a cluster", flag.name), "name it as KIND/NAME: lameduck lint deploy/shop -n prod")
		}
	}
	for _, arg := range args {
		if _, err := os.Stat(arg); arg != gather.Stdin && errors.Is(err, fs.ErrNotExist) {
			return hint.New(fmt.Errorf("%s: %w", arg, pathError(err)), "name files or folders with manifests, or - for stdin")
		}
	}
	return nil
}

// forms are how findings can be written, beside text.
var forms = map[string]func(io.Writer, *output.Result) error{
	"json": output.JSON, "sarif": output.SARIF, "junit": output.JUnit, "github": output.GitHub,
}

func outputs() []string { return append([]string{"text"}, slices.Sorted(maps.Keys(forms))...) }

func (l *linter) write(s console.Streams, r *output.Result) error {
	if write, ok := forms[l.output]; ok {
		return write(s.Out, r)
	}
	return output.Text(s.Out, r, s.Colour())
}

// outcomeOf is the exit code, as an error.
func outcomeOf(r *output.Result) error {
	switch n := len(r.Unread); {
	case n == 1:
		return hint.New(errors.New("one file or object could not be read"), "the line above names it; all others were read")
	case n > 1:
		return hint.New(fmt.Errorf("%d files or objects could not be read", n), "the lines above name each; all others were read")
	}
	if len(r.Objects) == 0 && len(r.Skipped) == 0 {
		return hint.New(errors.New("no object of Kubernetes was found"), "name files or folders with manifests, or - for stdin")
	}
	for i := range r.Findings {
		if r.Fails(&r.Findings[i]) {
			return console.ErrFindings
		}
	}
	return nil
}

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

func (l *linter) options() lint.Options { return lint.Options{Ignore: l.ignore, Dockerfiles: l.images} }
