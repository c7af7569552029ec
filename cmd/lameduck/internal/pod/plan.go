package pod

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// plan is the configuration after all checks, made once: what is impossible
// here is an error before anything runs.
type plan struct {
	argv       []string
	env        []string
	stopSignal syscall.Signal
	preStop    *action // nil: none
	startup    *probe  // nil: none
	liveness   *probe
	readiness  *probe
}

func newPlan(cfg *Config, environ []string) (plan, error) {
	setDefaults(cfg)
	if len(cfg.Command) == 0 {
		return plan{}, hint.New(errors.New("no command to run"), "give the command of the server after --")
	}
	vars, err := variables(cfg)
	if err != nil {
		return plan{}, err
	}
	pl := plan{
		argv: expandAll(commandLine(cfg.Command, &cfg.Spec), vars),
		env:  environment(environ, cfg.Name, vars),
	}
	if pl.stopSignal, err = stopSignal(cfg.Spec.StopSignal); err != nil {
		return plan{}, err
	}
	return pl, pl.addActions(cfg)
}

func (pl *plan) addActions(cfg *Config) (err error) {
	if h := cfg.Spec.PreStop; h != nil {
		if pl.preStop, err = newAction(h, cfg.Spec.Ports); err != nil {
			return fmt.Errorf("preStop hook: %w", err)
		}
	}
	for _, p := range []struct {
		kind probeKind
		spec *manifest.Probe
		to   **probe
	}{
		{startup, cfg.Spec.Startup, &pl.startup},
		{liveness, cfg.Spec.Liveness, &pl.liveness},
		{readiness, cfg.Spec.Readiness, &pl.readiness},
	} {
		if *p.to, err = newProbe(p.kind, p.spec, cfg.Spec.Ports); err != nil {
			return err
		}
	}
	return nil
}

func stopSignal(name string) (syscall.Signal, error) {
	if name == "" {
		return syscall.SIGTERM, nil
	}
	if sig := sandbox.SignalByName(name); sig != 0 {
		return sig, nil
	}
	return 0, hint.New(fmt.Errorf("lifecycle.stopSignal: unknown signal %q", name), "use a name such as SIGTERM")
}

// commandLine is the command that the user gave. It takes the place of the
// image, so a manifest's args belong to it only where they would belong to the
// image's entrypoint: the manifest has no command of its own, and the user gave
// neither an option nor one of the args.
func commandLine(given []string, spec *manifest.Pod) []string {
	if len(spec.Command) > 0 {
		return given
	}
	for _, word := range given[1:] {
		if strings.HasPrefix(word, "-") || slices.Contains(spec.Args, word) {
			return given
		}
	}
	return append(given[:len(given):len(given)], spec.Args...)
}
