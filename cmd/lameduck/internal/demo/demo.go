// Package demo replaces the four servers of the tutorial under load, side by
// side. It is a command of the tool, and a program of its own that compiles
// without any package of Kubernetes.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/labtrial"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/report"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
	"github.com/lameduck-dev/lameduck/tutorial"
)

// demo is the flags of the command.
type demo struct {
	output string
	seed   uint64
}

// New is the command.
func New(s console.Streams) *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Replace four servers under load, side by side: three drop connections",
		Long: `demo runs the four servers of the tutorial as pods on this machine, sends the
same traffic to each, replaces each by a rolling update, and shows which drop
connections, and why. It takes about half a minute.

Exit codes: 0 it ran, 2 usage, 3 could not run.`,
		Example: `  lameduck demo
  lameduck demo -o json`,
		Args: console.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				d.seed = rand.Uint64()
			}
			return d.run(cmd.Context(), s)
		},
	}
	cmd.Flags().StringVarP(&d.output, "output", "o", "text", "format of the report: text or json")
	cmd.Flags().Uint64Var(&d.seed, "seed", 0, "seed of all delays and choices, to repeat those of an earlier run (default random)")
	return cmd
}

func (d *demo) run(ctx context.Context, s console.Streams) error {
	if d.output != "text" && d.output != "json" {
		return console.Usage(hint.New(fmt.Errorf("unknown output %q", d.output), "use text or json"))
	}
	_ = sandbox.Enter(ctx) // without namespaces the lab still runs

	line := console.NewProgress(s.Err)
	fmt.Fprintf(line, "a rolling update of four servers at the same time, under the same traffic (seed %d)\n", d.seed)
	if why := sandbox.Available(); why != nil {
		fmt.Fprintf(line, "the pods share this machine's loopback address, each with a port of its own: %v\n", why)
	}
	runs, err := d.trials(ctx, line)
	line.Clear()
	for _, run := range runs {
		if run == nil {
			return err
		}
	}
	return errors.Join(d.print(s, runs), err) // the hint of a failed clean-up is read last
}

// trials runs all servers at once; if one cannot run, all are stopped.
func (d *demo) trials(ctx context.Context, line *console.Progress) ([]*timeline.Run, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	runs := make([]*timeline.Run, len(tutorial.Servers))
	errs := make([]error, len(runs))
	all := newScoreboard(line)
	var trials sync.WaitGroup
	for i, s := range tutorial.Servers {
		trials.Go(func() {
			cfg := d.config(s.Name, self)
			cfg.Progress = func(p trial.Progress) { all.update(i, p) }
			if runs[i], errs[i] = trial.Run(ctx, cfg); errs[i] != nil {
				cancel()
			}
		})
	}
	trials.Wait()
	return runs, reasons(errs)
}

// reasons joins the errors that ended the trials, without those of trials
// that were only ended because of another, and with every failed clean-up.
func reasons(errs []error) error {
	var own []error
	for _, err := range errs {
		_, failed := errors.AsType[*trial.CleanUpError](err)
		if failed || !errors.Is(err, context.Canceled) {
			own = append(own, err)
		}
	}
	return cmp.Or(errors.Join(own...), errors.Join(errs...))
}

// config is the same for every server: one replica, and time enough.
func (d *demo) config(name, self string) trial.Config {
	cfg := labtrial.Config(lab.Config{
		Workload: &manifest.Workload{Name: name, Namespace: "default", Replicas: 1, Pod: manifest.Pod{Grace: 30 * time.Second}},
		Command:  []string{self, serveRole, name}, ReadyByConnecting: true, Nodes: 3, Seed: d.seed,
	}, timeline.Rollout, traffic.Spec{})
	cfg.LowerRate = true
	return cfg
}

func (d *demo) print(s console.Streams, runs []*timeline.Run) error {
	var servers []report.Server
	for i, run := range runs {
		r, err := report.Run(run, run.InMemory)
		if err != nil {
			return err
		}
		servers = append(servers, report.Server{Name: tutorial.Servers[i].Name, Report: r})
	}
	if d.output == "json" {
		return console.Written(report.DemoJSON(s.Out, report.NewDemo(servers...)))
	}
	return console.Written(report.DemoText(s.Out, report.NewDemo(servers...), s.Colour()))
}

// scoreboard is the progress of all servers in one line.
type scoreboard struct {
	line *console.Progress

	mu    sync.Mutex
	state []trial.Progress
}

func newScoreboard(line *console.Progress) *scoreboard {
	return &scoreboard{line: line, state: make([]trial.Progress, len(tutorial.Servers))}
}

func (s *scoreboard) update(i int, p trial.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state[i] = p
	var parts []string
	for i, p := range s.state {
		parts = append(parts, fmt.Sprintf("%s %d", tutorial.Servers[i].Name, p.Dropped))
	}
	s.line.Show(fmt.Sprintf("%4.0f s  dropped: %s", p.Elapsed.Seconds(), strings.Join(parts, ", ")))
}
