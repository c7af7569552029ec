// Command bench measures what lameduck costs and what it saves, beside bare
// net/http in the same run: the two take turns, so that other load of the machine
// affects both alike.
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

// plan is how much is measured. The flags set it.
type plan struct {
	only     string
	json     bool
	peers    bool
	update   bool
	rate     ratePlan
	request  requestPlan
	idle     idlePlan
	exit     exitPlan
	broken   brokenPlan
	lost     lostPlan
	leaving  leavingPlan
	cost     costPlan
	stuck    stuckPlan
	held     heldPlan
	ending   endingPlan
	silent   silentPlan
	begin    beginPlan
	progress func(format string, args ...any)
}

func main() {
	serveIfChild()
	p := planFromFlags()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := p.measure(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (p plan) measure(ctx context.Context) error {
	var file string
	if p.update {
		var err error
		if file, err = findTables(); err != nil {
			return err // before an hour of measurements, and not after it
		}
	}
	if p.peers {
		p.progress("this takes about %v", p.estimate().Round(time.Minute))
	}
	res, err := p.run(ctx)
	if err != nil {
		return err
	}
	if p.update {
		if err := res.updateTables(file); err != nil {
			return err
		}
	}
	return p.print(res)
}

func planFromFlags() plan {
	var p plan
	flag.StringVar(&p.only, "only", "", "measure only these, comma-separated: "+strings.Join(names(scenarios), ", ")+"; with -peers "+strings.Join(names(peerScenarios), ", "))
	flag.BoolVar(&p.peers, "peers", false, "measure ours beside its peers")
	flag.BoolVar(&p.update, "update", false, "with -peers: write the tables into docs/PEERS.md")
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
	flag.IntVar(&p.broken.runs, "runs", 10, "broken, lost, leaving: terminations a cell")
	flag.IntVar(&p.broken.clients, "clients", 64, "broken: keep-alive clients")
	flag.DurationVar(&p.broken.window, "window", 150*time.Millisecond, "broken: time from SIGTERM to the closing of the listener, for all three")
	flag.DurationVar(&p.lost.window, "peer-window", 500*time.Millisecond, "with -peers: time from SIGTERM to the end of serving, for all")
	flag.DurationVar(&p.lost.budget, "peer-budget", 3*time.Second, "lost: time from SIGTERM to the cut")
	flag.StringVar(&p.lost.peer, "peer", "", "lost: only peers with this in their name")
	flag.StringVar(&p.lost.kind, "kind", "", "lost: only kinds of clients with this in their name")
	flag.Parse()
	p.setPeers()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bench: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	if p.update && (!p.peers || p.lost.peer+p.lost.kind != "") {
		fmt.Fprintln(os.Stderr, "bench: -update needs -peers, and all of them")
		os.Exit(2)
	}
	p.progress = func(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
	return p
}

// setPeers sets what no flag sets.
func (p *plan) setPeers() {
	p.lost.runs, p.lost.tries = p.broken.runs, 2
	p.leaving = leavingPlan{runs: p.broken.runs, atOnce: 10, window: 200 * time.Millisecond, budget: 8 * time.Second, slow: 5 * time.Second}
	p.cost = costPlan{rounds: 15, calls: 100_000, connRounds: 3, conns: 5000}
	p.ending = endingPlan{conns: 20_000, pairs: 3, within: 5 * time.Second}
	p.silent = silentPlan{conns: 4096, tries: 21, rounds: 7}
	p.begin = beginPlan{conns: 100_000, pairs: 2, spread: 3 * time.Second}
	p.held = heldPlan{conns: 1000, blocks: 10, pairs: 3}
	p.stuck = stuckPlan{runs: 3, window: p.lost.window, budget: 2 * time.Second, patience: 4 * time.Second}
}

// estimate is about how long the measurements with -peers take.
func (p plan) estimate() (sum time.Duration) {
	for _, s := range p.scenarios() {
		if p.chosen(s.name) && s.estimate != nil {
			sum += s.estimate(p)
		}
	}
	return sum
}

// A scenario is one thing measured.
type scenario struct {
	name     string
	measure  func(context.Context, plan, *results) error
	estimate func(plan) time.Duration // about how long it takes
}

var scenarios = []scenario{
	{name: "rate", measure: measureRate},
	{name: "request", measure: measureRequest},
	{name: "idle", measure: measureIdle},
	{name: "exit", measure: measureExit},
	{name: "broken", measure: measureBroken},
}

// peerScenarios are those of -peers.
var peerScenarios = []scenario{
	{"lost", measureLost, func(p plan) time.Duration { return p.lost.estimate() }},
	{"leaving", measureLeaving, func(p plan) time.Duration { return p.leaving.estimate() }},
	{"cost", measureCost, func(p plan) time.Duration { return p.cost.estimate() }},
	{"memory", measureHeld, func(p plan) time.Duration { return p.held.estimate() }},
	{"begin", measureBegin, func(p plan) time.Duration { return p.begin.estimate() }},
	{"ending", measureEnding, func(p plan) time.Duration { return p.ending.estimate() }},
	{"silent", measureSilent, func(p plan) time.Duration { return p.silent.estimate() }},
	{"rates", measureRates, func(p plan) time.Duration { return p.rate.estimate() }},
	{"stuck", measureStuck, func(p plan) time.Duration { return p.stuck.estimate() }},
}

func (p plan) scenarios() []scenario {
	if p.peers {
		return peerScenarios
	}
	return scenarios
}

func (p plan) chosen(name string) bool {
	return p.only == "" || slices.Contains(strings.Split(p.only, ","), name)
}

func names(of []scenario) []string {
	var names []string
	for _, s := range of {
		names = append(names, s.name)
	}
	return names
}

func (p plan) run(ctx context.Context) (*results, error) {
	all := names(p.scenarios())
	for name := range strings.SplitSeq(p.only, ",") {
		if p.only != "" && !slices.Contains(all, name) {
			return nil, fmt.Errorf("there is no scenario %q: there are %s", name, strings.Join(all, ", "))
		}
	}
	res := newResults()
	if p.peers {
		res.Machine, res.Command, res.Modules = machine(), command(), moduleVersions()
	}
	for _, s := range p.scenarios() {
		if !p.chosen(s.name) {
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
