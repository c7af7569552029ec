package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/gather"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/labtrial"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// onLab runs the trial on this machine.
func (v *verify) onLab(ctx context.Context, s console.Streams, cmd *cobra.Command, args []string) error {
	setting, load, err := v.lab(cmd, args, s.In)
	if err != nil {
		return console.Usage(err)
	}
	_ = sandbox.Enter(ctx) // without namespaces the lab still runs, and writes a note

	line := console.NewProgress(s.Err)
	v.announce(line, setting, load)
	v.preflight(ctx, line)
	if v.verbose || sandbox.Available() != nil {
		setting.Log = line
	}
	setting.LastLines = line
	setting.Note = func(text string) { fmt.Fprintln(line, "note:", text) }
	cfg := labtrial.Config(setting, timeline.Action(v.action), load)
	cfg.LowerRate = !cmd.Flags().Changed("rate")
	return v.try(ctx, s, line, cfg)
}

// announce writes what the trial is, and which settings of the manifest have no effect.
func (v *verify) announce(w io.Writer, cfg lab.Config, load traffic.Spec) {
	fmt.Fprintf(w, "%s: %s, %s %s, %s; %s, %d × %s, grace period %v, propagation %v, seed %d\n", strings.Join(cfg.Command, " "),
		targetPort(cfg.Workload), load.Method, load.Path, protocol(load.TLS),
		finding.Count(cfg.Workload.Replicas, "replica"), v.rounds, v.action, cfg.Workload.Pod.Grace, cfg.Propagation, cfg.Seed)
	for _, note := range cfg.Workload.Notes {
		fmt.Fprintln(w, "note:", note)
	}
}

// preflight writes what lint finds in the manifest, but for what is only worth knowing:
// the trial takes longer to show the same.
func (v *verify) preflight(ctx context.Context, w io.Writer) {
	if v.file == "" || v.file == "-" {
		return
	}
	for _, f := range (lint.Options{}).Packed(gather.Read(ctx, []string{v.file}, nil).Objects) {
		if f.Severity != lint.Info {
			fmt.Fprintf(w, "lint: %s:%d:%d: %s: %s (lameduck explain %s)\n", f.File, f.Line, f.Column, f.Severity, f.Summary, f.ID)
		}
	}
}

func targetPort(w *manifest.Workload) string {
	if w.Target.Number == 0 {
		return "the port that it listens on"
	}
	return fmt.Sprintf("port %d", w.Target.Number)
}

func protocol(tls timeline.TLS) string {
	switch tls {
	case timeline.TLSOn:
		return "HTTP/1.1 with TLS"
	case timeline.TLSOff:
		return "HTTP/1.1 without TLS"
	}
	return "HTTP/1.1, with TLS if the server answers a ClientHello"
}

// lab checks everything that was typed before anything is started.
func (v *verify) lab(cmd *cobra.Command, args []string, in io.Reader) (lab.Config, traffic.Spec, error) {
	setting := lab.Config{Nodes: v.nodes, ReadyTimeout: v.readyTimeout, Seed: v.seed, ReadyByConnecting: v.file == ""}
	if !cmd.Flags().Changed("seed") {
		setting.Seed = rand.Uint64()
	}
	var errs [6]error
	var load traffic.Spec
	setting.Command, errs[0] = command(cmd, args)
	_, errs[1] = parseAction(v.action, "in the lab", lab.Actions)
	load, errs[2] = v.load()
	setting.Propagation, errs[3] = lab.ParseProfile(v.propagation)
	errs[4] = v.checkValues(cmd)
	setting.Workload, errs[5] = v.workload(cmd, in)
	for _, err := range errs {
		if err != nil {
			return setting, load, err
		}
	}
	return setting, load, checkProgram(setting)
}

// checkProgram finds that the program is missing before anything is started. A
// manifest may have a PATH of its own for it.
func checkProgram(cfg lab.Config) error {
	if slices.ContainsFunc(cfg.Workload.Pod.Env, func(e manifest.Env) bool { return e.Name == "PATH" }) {
		return nil
	}
	return sandbox.CheckCommand(cfg.Command[0])
}

// command is what follows the dashes.
func command(cmd *cobra.Command, args []string) ([]string, error) {
	const example = "put it after two dashes: lameduck verify -- ./server; a workload of a cluster is KIND/NAME, as deploy/shop"
	switch dash := cmd.ArgsLenAtDash(); {
	case len(args) == 0:
		return nil, hint.New(errors.New("no command to run"), example)
	case dash != 0:
		return nil, hint.New(fmt.Errorf("unexpected argument %q", args[0]), example)
	}
	return args, nil
}

func (v *verify) workload(cmd *cobra.Command, in io.Reader) (*manifest.Workload, error) {
	w, err := v.readWorkload(in)
	if err != nil {
		return nil, err
	}
	switch {
	case w.Kind == "DaemonSet" && cmd.Flags().Changed("replicas"):
		return nil, hint.New(errors.New("a DaemonSet has no replicas, but one pod on each node"), "use --nodes")
	case w.Kind == "DaemonSet":
		w.Replicas = v.nodes
	}
	w.Replicas = cmp.Or(v.replicas, w.Replicas)
	if v.stopSignal != "" {
		w.Pod.StopSignal = v.stopSignal
		if sandbox.SignalByName(v.stopSignal) == 0 {
			return nil, hint.New(fmt.Errorf("--stop-signal %s: unknown signal", v.stopSignal), "use a name such as SIGQUIT")
		}
	}
	switch {
	case w.Replicas < 1:
		return nil, hint.New(fmt.Errorf("the %s has no replicas", w.Kind), "use --replicas 1 or more")
	case w.Replicas > mostReplicas:
		return nil, hint.New(fmt.Errorf("the %s has %d replicas, too many for one machine", w.Kind, w.Replicas),
			fmt.Sprintf("use --replicas with %d or fewer", mostReplicas))
	}
	return w, lab.Possible(w, timeline.Action(v.action))
}

func (v *verify) readWorkload(in io.Reader) (*manifest.Workload, error) {
	if v.file != "" {
		w, err := readManifest(v.file, in, manifest.Choice{Service: v.service, Port: v.port, Container: v.container})
		return w, withHint(err, "-f takes what kubectl apply takes: a Deployment, StatefulSet or DaemonSet, and the Service in front of it")
	}
	w := &manifest.Workload{Kind: "Deployment", Name: "app", Namespace: "default", Replicas: 1, Pod: manifest.Pod{Grace: 30 * time.Second}}
	for flag, value := range map[string]string{"service": v.service, "container": v.container} {
		if value != "" {
			return nil, hint.New(fmt.Errorf("--%s %s needs a manifest", flag, value), "name it with -f")
		}
	}
	if v.port != "" {
		port, err := strconv.ParseUint(v.port, 10, 16)
		if err != nil || port == 0 {
			return nil, hint.New(fmt.Errorf("--port %s: without a manifest it is the number of the port that the process listens on", v.port), "use 1 to 65535")
		}
		w.Target.Number = int(port)
	}
	return w, nil
}

// withHint adds a hint to an error that has none.
func withHint(err error, advice string) error {
	if err == nil || hint.Of(err) != "" {
		return err
	}
	return hint.New(err, advice)
}

func readManifest(file string, in io.Reader, want manifest.Choice) (*manifest.Workload, error) {
	if file == "-" {
		return manifest.Read("stdin", in, want)
	}
	return manifest.ReadFile(file, want)
}
