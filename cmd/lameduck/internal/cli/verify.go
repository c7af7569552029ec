package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/diagnose"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/report"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// verify is the flags of the command, as they were typed.
type verify struct {
	file, action, traffic, propagation string
	path, method, output, report       string
	rounds, replicas, rate, nodes      int
	seed                               uint64
	readyTimeout                       time.Duration
	verbose                            bool
}

func newVerify(t terminal) *cobra.Command {
	var v verify
	cmd := &cobra.Command{
		Use:   "verify [-f FILE] [flags] -- COMMAND [ARG...]",
		Short: "Replace the pods of a server under load, and find every dropped connection",
		Long: `verify runs a server as the pods of a Deployment, on this machine and without a
cluster: real processes, real sockets, real signals. It sends traffic, replaces
the pods as Kubernetes would, and tells every connection that was dropped, why,
and what to change.

With -f it takes replicas, strategy, probes, preStop hook, grace period,
environment and ports from the Deployment and Service in the file. Without, it
runs one replica with a grace period of 30 s that is ready when it accepts a
connection, on the port it is seen to listen on.

Exit codes: 0 nothing dropped, 1 drops or findings, 2 usage, 3 could not run.`,
		Example: `  lameduck verify -- ./server --port 8080
  lameduck verify -f deploy/kubernetes.yaml --rounds 10 -- ./app
  lameduck verify --propagation large --action delete --replicas 3 -- ./server
  lameduck verify -o json -- python3 -m http.server 8080`,
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd.Context(), t, cmd, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&v.file, "filename", "f", "", "manifest with a Deployment and its Service (- is stdin)")
	f.StringVar(&v.action, "action", string(lab.Rollout), "how pods are replaced: "+actionNames())
	f.IntVar(&v.rounds, "rounds", 1, "how often")
	f.IntVar(&v.replicas, "replicas", 0, "replicas, in place of the manifest's (default 1)")
	f.StringVar(&v.traffic, "traffic", patternNames(traffic.Default()), "patterns, or all")
	f.IntVar(&v.rate, "rate", traffic.DefaultRate, "attempts per second and pattern; slow makes a tenth")
	f.StringVar(&v.propagation, "propagation", "rollout", "how late nodes learn of endpoints: "+profileNames()+", a duration or a range such as 1s-3s")
	f.IntVar(&v.nodes, "nodes", 3, "nodes, each with its own view of the endpoints")
	f.StringVar(&v.path, "path", "/", "what clients request")
	f.StringVar(&v.method, "method", "GET", "how")
	f.Uint64Var(&v.seed, "seed", 0, "repeat the lags and choices of an earlier run (default random)")
	f.DurationVar(&v.readyTimeout, "ready-timeout", time.Minute, "how long a pod may take to become ready")
	f.StringVarP(&v.output, "output", "o", "text", "text or json")
	f.StringVar(&v.report, "report", "", "also write the report to this file (.json)")
	f.BoolVarP(&v.verbose, "verbose", "v", false, "show what the pods print, on stderr")
	return cmd
}

func (v *verify) run(ctx context.Context, t terminal, cmd *cobra.Command, args []string) error {
	setting, load, err := v.lab(cmd, args, t.in)
	if err != nil {
		return usage(err)
	}
	_ = sandbox.Enter(ctx) // where it is refused the lab goes on without, and says so

	line := newProgress(t.err)
	v.announce(line, setting)
	if v.verbose || sandbox.Available() != nil {
		setting.Log = line
	}
	cfg := labTrial(setting, lab.Action(v.action), load)
	cfg.Rounds = v.rounds
	cfg.Progress = func(p trial.Progress) { line.show(progressLine(p)) }
	run, err := trial.Run(ctx, cfg)
	line.clear()
	if err != nil {
		return err
	}
	return v.print(t, report.New(run, diagnose.Findings(run), diagnose.Recommend(run)))
}

// announce says what is going to happen, and what of the manifest cannot.
func (v *verify) announce(w io.Writer, cfg lab.Config) {
	for _, note := range cfg.Workload.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	fmt.Fprintf(w, "%s: %s, %d × %s, grace period %v, propagation %v, seed %d\n", strings.Join(cfg.Command, " "),
		counted(cfg.Workload.Replicas, "replica"), v.rounds, v.action, cfg.Workload.Pod.Grace, cfg.Propagation, cfg.Seed)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func progressLine(p trial.Progress) string {
	return fmt.Sprintf("%4.0f s  %s  %d attempts, %d dropped", p.Elapsed.Seconds(), p.Phase, p.Attempts, p.Dropped)
}

func (v *verify) print(t terminal, r *report.Report) error {
	write := func() error { return report.Text(t.out, r, colourful(t.out)) }
	if v.output == "json" {
		write = func() error { return report.JSON(t.out, r) }
	}
	// Neither loses what the other could not take: a run may have been long.
	if err := errors.Join(written(write()), v.save(r)); err != nil {
		return err
	}
	if r.Verdict != report.Pass {
		return errFindings
	}
	return nil
}

func (v *verify) save(r *report.Report) error {
	if v.report == "" {
		return nil
	}
	return report.Save(v.report, r)
}

// labTrial is a trial in the lab.
func labTrial(setting lab.Config, action lab.Action, load traffic.Config) trial.Config {
	spec := trial.Spec(&setting.Workload.Pod)
	spec.Propagation, spec.Command = setting.Propagation.String(), setting.Command
	return trial.Config{
		Name: "lab", Action: string(action), Seed: setting.Seed, Spec: spec, Traffic: load, ReadyTimeout: setting.ReadyTimeout,
		Open: func(ctx context.Context, clock timeline.Clock, emit func(timeline.Event)) (trial.Stage, error) {
			setting.Clock, setting.Emit = clock, emit
			return lab.Open(ctx, setting, action)
		},
	}
}

// lab checks everything that was typed before anything is started.
func (v *verify) lab(cmd *cobra.Command, args []string, in io.Reader) (lab.Config, traffic.Config, error) {
	setting := lab.Config{Nodes: v.nodes, ReadyTimeout: v.readyTimeout, Seed: v.seed, ReadyByConnecting: v.file == ""}
	load := traffic.Config{Rate: v.rate, Path: v.path, Method: v.method}
	if !cmd.Flags().Changed("seed") {
		setting.Seed = rand.Uint64()
	}
	var errs [6]error
	setting.Command, errs[0] = command(cmd, args)
	_, errs[1] = lab.ParseAction(v.action)
	load.Patterns, errs[2] = traffic.ParsePatterns(v.traffic)
	setting.Propagation, errs[3] = lab.ParseProfile(v.propagation)
	errs[4] = v.checkValues(cmd)
	setting.Workload, errs[5] = v.workload(cmd, in)
	for _, err := range errs {
		if err != nil {
			return setting, load, err
		}
	}
	return setting, load, load.Check()
}

// command is what follows the dashes.
func command(cmd *cobra.Command, args []string) ([]string, error) {
	const example = "put it behind two dashes: lameduck verify -f k8s.yaml -- ./server"
	switch dash := cmd.ArgsLenAtDash(); {
	case len(args) == 0:
		return nil, hint.New(errors.New("no command to run"), example)
	case dash != 0:
		return nil, hint.New(fmt.Errorf("unexpected argument %q", args[0]), example)
	}
	return args, nil
}

func (v *verify) checkValues(cmd *cobra.Command) error {
	for _, flag := range []struct {
		name        string
		value, most int
	}{{"rounds", v.rounds, 100_000}, {"nodes", v.nodes, 1000}, {"replicas", v.replicas, mostReplicas}} {
		if (flag.value < 1 || flag.value > flag.most) && cmd.Flags().Changed(flag.name) {
			return hint.New(fmt.Errorf("--%s %d", flag.name, flag.value), fmt.Sprintf("use 1 to %d", flag.most))
		}
	}
	if v.rate < 1 {
		return hint.New(fmt.Errorf("--rate %d", v.rate), "use 1 or more")
	}
	if v.readyTimeout <= 0 {
		return hint.New(fmt.Errorf("--ready-timeout %v", v.readyTimeout), "use a duration such as 1m")
	}
	if !slices.Contains([]string{"text", "json"}, v.output) {
		return hint.New(fmt.Errorf("unknown output %q", v.output), "use text or json")
	}
	if v.report == "" {
		return nil
	}
	return report.Savable(v.report)
}

// mostReplicas is how many processes a machine takes at once without others
// suffering; twice as many run during a rollout.
const mostReplicas = 100

func (v *verify) workload(cmd *cobra.Command, in io.Reader) (*manifest.Workload, error) {
	w := &manifest.Workload{Name: "app", Namespace: "default", Replicas: 1, Pod: manifest.Pod{Grace: 30 * time.Second}}
	if v.file != "" {
		var err error
		if w, err = readManifest(v.file, in); err != nil {
			return nil, withHint(err, "-f takes what kubectl apply takes: a Deployment, and the Service in front of it")
		}
	}
	w.Replicas = cmp.Or(v.replicas, w.Replicas)
	switch {
	case w.Replicas < 1:
		return nil, hint.New(errors.New("the Deployment has no replicas"), "use --replicas 1 or more")
	case w.Replicas > mostReplicas:
		return nil, hint.New(fmt.Errorf("the Deployment has %d replicas, too many for one machine", w.Replicas),
			fmt.Sprintf("use --replicas with %d or fewer", mostReplicas))
	case w.Replicas < 2 && v.action == string(lab.ScaleDown):
		return nil, hint.New(errors.New("scale-down of 1 replica leaves none"), "use --replicas 2 or more")
	}
	return w, nil
}

// withHint adds a hint to an error that has none.
func withHint(err error, advice string) error {
	if hint.Of(err) != "" {
		return err
	}
	return hint.New(err, advice)
}

func readManifest(file string, in io.Reader) (*manifest.Workload, error) {
	if file == "-" {
		return manifest.Read("stdin", in)
	}
	return manifest.ReadFile(file)
}

func actionNames() string {
	var names []string
	for _, a := range lab.Actions {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}

func patternNames(patterns []traffic.Pattern) string {
	var names []string
	for _, p := range patterns {
		names = append(names, p.Name)
	}
	return strings.Join(names, ",")
}

func profileNames() string {
	var names []string
	for _, p := range lab.Profiles {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}
