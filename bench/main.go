// Command bench measures what lameduck costs and what it saves, beside bare
// net/http in the same run: the two take turns, so that whatever else the
// machine does falls on both.
//
// It asserts nothing about time. Results are on stdout, progress on stderr.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// plan says how much is measured. The flags set it.
type plan struct {
	only     string
	json     bool
	rate     ratePlan
	request  requestPlan
	idle     idlePlan
	exit     exitPlan
	broken   brokenPlan
	progress func(format string, args ...any)
}

func main() {
	serveIfChild()
	p := planFromFlags()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	res, err := p.run(ctx)
	stop()
	if err == nil {
		err = p.print(res)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func planFromFlags() plan {
	var p plan
	flag.StringVar(&p.only, "only", "", "measure only these, comma-separated: "+strings.Join(scenarioNames(), ", "))
	flag.BoolVar(&p.json, "json", false, "print JSON instead of tables")
	flag.IntVar(&p.rate.pairs, "pairs", 40, "rate: pairs of rounds, one bare and one ours")
	flag.DurationVar(&p.rate.round, "round", 200*time.Millisecond, "rate: length of a round")
	flag.IntVar(&p.rate.conns, "conns", 64, "rate: keep-alive connections")
	flag.IntVar(&p.rate.procs, "procs", 1, "rate: GOMAXPROCS of each server")
	flag.IntVar(&p.request.pairs, "samples", 41, "request: pairs of samples")
	flag.IntVar(&p.request.calls, "calls", 200_000, "request: requests a sample, a tenth of it through net/http")
	flag.IntVar(&p.idle.conns, "idle", 10_000, "idle: connections held open")
	flag.IntVar(&p.idle.pairs, "idle-pairs", 3, "idle: pairs of measurements")
	flag.IntVar(&p.exit.runs, "exits", 10, "exit: terminations a row")
	flag.DurationVar(&p.exit.delay, "delay", 300*time.Millisecond, "exit: Delay of ours")
	flag.DurationVar(&p.exit.quiet, "quiet", 100*time.Millisecond, "exit: Quiet of ours")
	flag.IntVar(&p.broken.runs, "runs", 10, "broken: terminations a cell")
	flag.IntVar(&p.broken.clients, "clients", 64, "broken: keep-alive clients")
	flag.DurationVar(&p.broken.window, "window", 150*time.Millisecond, "broken: time from SIGTERM to the closing of the listener, for all three")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bench: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	p.progress = func(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
	return p
}

// A scenario is one thing measured.
type scenario struct {
	name    string
	measure func(context.Context, plan, *results) error
}

var scenarios = []scenario{
	{"rate", measureRate},
	{"request", measureRequest},
	{"idle", measureIdle},
	{"exit", measureExit},
	{"broken", measureBroken},
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

func (p plan) run(ctx context.Context) (*results, error) {
	chosen := scenarioNames()
	if p.only != "" {
		chosen = strings.Split(p.only, ",")
	}
	for _, name := range chosen {
		if !slices.Contains(scenarioNames(), name) {
			return nil, fmt.Errorf("nothing is called %q: there are %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	res := newResults()
	for _, s := range scenarios {
		if !slices.Contains(chosen, s.name) {
			continue
		}
		if err := s.measure(ctx, p, res); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return res, nil
}

func (p plan) print(res *results) error {
	if !p.json {
		return res.writeText(os.Stdout)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(res)
}
