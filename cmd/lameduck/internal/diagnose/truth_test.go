package diagnose

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// between is a random duration.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// randomServer is a server of which the truth is known: how it terminates, and
// the finding that it has to get.
type randomServer struct {
	want string // the ID, "" for a server without a fault
	make func(r *rand.Rand) simulation
}

var randomServers = []randomServer{
	{"", func(r *rand.Rand) simulation {
		p := between(r, 100*ms, 4*s)
		return simulation{server: server{preStop: -1, closes: p + slowFor + between(r, 1200*ms, 4*s), sendsClose: true}, propagation: p, trickles: coin(r), reuses: coin(r)}
	}},
	{exitsAtOnce, func(r *rand.Rand) simulation {
		at := between(r, ms, 300*ms)
		sim := simulation{server: server{preStop: -1, closes: at, exits: at, exitCode: pick(r, 0, 1, 2, 143)}, propagation: between(r, 500*ms, 4*s), trickles: coin(r), reuses: coin(r)}
		if own := rand.New(rand.NewPCG(uint64(at), 0)); coin(own) { // only the workers exit at once; what follows in the run is as without
			sim.lingers, sim.stuck = between(own, 100*ms, 4*s), coin(own)
		}
		return sim
	}},
	{closesEarly, func(r *rand.Rand) simulation {
		return simulation{server: server{preStop: -1, closes: between(r, ms, 300*ms)}, propagation: between(r, 500*ms, 4*s), trickles: coin(r), reuses: coin(r)}
	}},
	{closesEarly, func(r *rand.Rand) simulation {
		at := between(r, 4*s, 9*s)
		return simulation{server: server{preStop: -1, closes: between(r, ms, 300*ms), exits: at, killed: true, exitCode: 137}, propagation: between(r, 500*ms, 4*s), trickles: coin(r), spec: timeline.Spec{Grace: at}}
	}},
	{ignoresSignal, func(r *rand.Rand) simulation {
		at := between(r, 3*s, 9*s)
		return simulation{server: server{preStop: -1, closes: at, exits: at, notCaught: true, killed: true, exitCode: 137}, propagation: between(r, 500*ms, 3*s), trickles: coin(r), spec: timeline.Spec{Grace: at}}
	}},
	{graceShorter, func(r *rand.Rand) simulation {
		at := between(r, 3*s, 9*s)
		return simulation{server: server{preStop: -1, closes: at, exits: at, killed: true, exitCode: 137, sendsClose: true}, propagation: between(r, 500*ms, 3*s), spec: timeline.Spec{Grace: at}}
	}},
	{delayShorter, func(r *rand.Rand) simulation {
		at := between(r, 1300*ms, 4*s)
		return simulation{server: server{preStop: -1, closes: at, sendsClose: true}, propagation: at + between(r, s, 3*s), reuses: coin(r)}
	}},
	{cutsKeepAlive, func(r *rand.Rand) simulation {
		p := between(r, 100*ms, 3*s)
		at := p + slowFor + between(r, s, 4*s)
		return simulation{server: server{preStop: -1, closes: at, exits: at}, propagation: p, fastOnly: true}
	}},
	{cutsInFlight, func(r *rand.Rand) simulation {
		p := between(r, 100*ms, s)
		at := p + between(r, 1200*ms, 1800*ms)
		return simulation{server: server{preStop: -1, closes: at, exits: at, sendsClose: true}, propagation: p}
	}},
	{cutsInFlight, func(r *rand.Rand) simulation {
		p := between(r, 100*ms, s)
		at := p + between(r, 1200*ms, 4*s)
		return simulation{server: server{preStop: -1, closes: at, exits: at, sendsClose: true, silent: true, exitCode: pick(r, 0, 137)}, propagation: p, fastOnly: coin(r)}
	}},
	{closesEarly, func(r *rand.Rand) simulation {
		// No slow request: one that was accepted before is cut in flight, a second fault.
		p := between(r, 100*ms, s)
		at := p + between(r, 1200*ms, 4*s)
		return simulation{server: server{preStop: -1, closes: at, exits: at, sendsClose: true, stuck: true, exitCode: pick(r, 0, 137)}, propagation: p, fastOnly: true}
	}},
	{notReady, func(r *rand.Rand) simulation {
		return simulation{server: server{preStop: -1, closes: 6 * s, sendsClose: true}, propagation: 2 * s, warmUp: between(r, 1500*ms, 4*s)}
	}},
	{answers5xx, func(r *rand.Rand) simulation {
		return simulation{server: server{preStop: -1, closes: between(r, 4*s, 7*s), sendsClose: true, failing: true}, propagation: between(r, 500*ms, 3*s)}
	}},
	{noEndpoint, func(r *rand.Rand) simulation {
		at := between(r, 4*s, 6*s)
		return simulation{server: server{preStop: -1, closes: at, sendsClose: true}, propagation: s, replaced: at + between(r, s, 3*s)}
	}},
}

func coin(r *rand.Rand) bool { return r.IntN(2) == 0 }

// mutations make an observation worse: it is lost, or late.
var mutations = []struct {
	name  string
	apply func(r *rand.Rand, run *timeline.Run)
}{
	{"none", func(*rand.Rand, *timeline.Run) {}},
	{"an event is lost", func(r *rand.Rand, run *timeline.Run) {
		i := r.IntN(len(run.Events))
		run.Events = slices.Delete(run.Events, i, i+1)
	}},
	{"an attempt is lost", func(r *rand.Rand, run *timeline.Run) {
		i := r.IntN(len(run.Attempts))
		run.Attempts = slices.Delete(run.Attempts, i, i+1)
	}},
	{"the machine is late", func(r *rand.Rand, run *timeline.Run) {
		machineIsLate(run, between(r, 0, trafficEnd), between(r, 100*ms, 2*s))
	}},
	{"the machine is late at T0", func(r *rand.Rand, run *timeline.Run) {
		machineIsLate(run, simT0+between(r, -s, s), between(r, 100*ms, 2*s))
	}},
}

// machineIsLate stops this machine's observers for a while: whatever happened
// meanwhile is noticed at its end. The clients of the control target wait, too. What the
// lab does itself it records before, so that its record is not late.
func machineIsLate(run *timeline.Run, from, by time.Duration) {
	to := from + by
	late := func(at *time.Duration) {
		if *at > from && *at < to {
			*at = to
		}
	}
	for i := range run.Attempts {
		a := &run.Attempts[i]
		late(&a.Ended)
		if a.EndedConn > 0 {
			late(&a.EndedConn)
		}
	}
	for i := range run.Events {
		e := &run.Events[i]
		if run.Stage == "cluster" || !slices.Contains(ofLabItself, e.Kind) {
			late(&e.At)
		}
		late(&e.StalledBy)
		for _, at := range []*time.Duration{&e.After, &e.StalledAfter} { // there was no look meanwhile
			if *at > from && *at < to {
				*at = from
			}
		}
	}
}

// ofLabItself are the kinds of what the lab does, and does not only see.
var ofLabItself = []timeline.Kind{timeline.Deleted, timeline.PreStopStarted, timeline.Signalled, timeline.Killed}

// withControl adds attempts at the control target, 20 a second.
func withControl(run *timeline.Run) *timeline.Run {
	for at := time.Duration(0); at < trafficEnd; at += 50 * ms {
		run.Attempts = append(run.Attempts, timeline.Attempt{Control: true, Pattern: "new", Scheduled: at, Started: at, Sent: at, Ended: at + ms, Status: 200})
	}
	return run
}

// TestTruth plays random servers of which the truth is known, and makes an
// observation of each worse.
func TestTruth(t *testing.T) {
	compared(t, func(seed uint64) (what, want string, run *timeline.Run) {
		r := rand.New(rand.NewPCG(seed, 12))
		if seed%3 == 0 {
			return randomStall(r, longStalls)
		}
		return randomTruth(r)
	})
}

// TestShortStalls plays random servers whose time-outs are so tight that a stall of a few
// milliseconds is too long.
func TestShortStalls(t *testing.T) {
	compared(t, seeded(14, func(r *rand.Rand) (what, want string, run *timeline.Run) {
		return randomStall(r, shortStalls)
	}))
}

// TestSlowTruth plays random servers that take a while for all they do, clients that are far
// away from them, and looks at the accept queue that are far apart.
func TestSlowTruth(t *testing.T) {
	compared(t, seeded(13, randomSlowness))
}

// TestLateExits plays random servers on a cluster that reports each exit up to three seconds
// late.
func TestLateExits(t *testing.T) {
	compared(t, seeded(15, randomLateExit))
}

// TestHookTruth plays random servers that the preStop hook stops, and that take a while to close
// their listener and to exit, where the kernel does not show when they did.
func TestHookTruth(t *testing.T) {
	compared(t, seeded(17, randomHook))
}

// TestOverlapTruth plays random servers in a rollout of three pods on a cluster, which terminate at
// the same time, or one while another still terminates.
func TestOverlapTruth(t *testing.T) {
	compared(t, seeded(18, randomOverlap))
}

// seeded makes the random run of each seed, from the random numbers of a stream of its own.
func seeded(stream uint64, random func(*rand.Rand) (what, want string, run *timeline.Run)) func(seed uint64) (what, want string, run *timeline.Run) {
	return func(seed uint64) (what, want string, run *timeline.Run) {
		return random(rand.New(rand.NewPCG(seed, stream)))
	}
}

// compared compares what is found in random runs with the truth: the right finding, or
// inconclusive, is right; another finding is wrong, and so is a fault that is not found
// although something was dropped.
func compared(t *testing.T, random func(seed uint64) (what, want string, run *timeline.Run)) {
	wrong, inconclusive, all := map[string]int{}, map[string]int{}, map[string]int{}
	for seed := range truthSeeds(t) {
		what, want, run := random(seed)
		d := diagnosed(run)
		checkSum(t, run, d.Findings)
		certain := idsOf(d.Findings)
		all[what]++
		for _, f := range d.Findings {
			if strings.Contains(f.Doubt, " 0 ms") {
				t.Errorf("seed %d, %s: %s is in doubt because of nothing: %s", seed, what, f.ID, f.Doubt)
			}
		}
		switch {
		case d.Verdict == finding.Inconclusive:
			inconclusive[what]++
		case want != "" && len(d.Findings) == 0 && dropped(run) == 0:
		case !isRight(certain, want):
			if wrong[what]++; wrong[what] <= 4 {
				t.Errorf("seed %d, %s: %q, want %q\n%+v", seed, what, certain, want, d.Findings)
			}
		}
	}
	for what, n := range all {
		t.Logf("%-40s %5d runs, %5d inconclusive, %5d wrong", what, n, inconclusive[what], wrong[what])
	}
}

// randomTruth is a run, what was done to it, and the finding that is right.
func randomTruth(r *rand.Rand) (what, want string, run *timeline.Run) {
	server := randomServers[r.IntN(len(randomServers))]
	sim := server.make(r)
	if sim.others = pick(r, 0, 0, 2); sim.replaced != 0 {
		sim.others = 0
	}
	run = sim.simulate()
	withControl(withClasses(run))
	mutation := mutations[r.IntN(len(mutations))]
	stage := pick(r, "lab", "lab", "cluster", "lab without its kernel")
	if stage == "cluster" {
		run.Stage = stage
	}
	mutation.apply(r, run)
	if stage != "lab" {
		run.Events = slices.DeleteFunc(run.Events, ofKernel)
	}
	want = sim.truth(server.want, stage == "lab")
	if stage == "cluster" {
		run = asCluster(run, visibility{header: coin(r), seconds: coin(r)}, r)
	}
	return fmt.Sprintf("%s, %s", stage, mutation.name), want, attributed(run)
}

// ofKernel reports whether only the kernel of a pod's own machine shows the event.
func ofKernel(e timeline.Event) bool {
	return e.Kind == timeline.AcceptQueue || e.Kind == timeline.ListenerClosed
}

// stalls are between how long and how long the stalls of random runs last, the idle time-outs of
// their servers, and what these give a slow request more than it takes.
type stalls struct{ lasts, idle, more [2]time.Duration }

var (
	longStalls  = stalls{lasts: [2]time.Duration{100 * ms, 4 * s}, idle: [2]time.Duration{200 * ms, 5 * s}, more: [2]time.Duration{100 * ms, 2 * s}}
	shortStalls = stalls{lasts: [2]time.Duration{20 * ms, 350 * ms}, idle: [2]time.Duration{100 * ms, 400 * ms}, more: [2]time.Duration{10 * ms, 300 * ms}}
)

// randomStall is a run in the lab in which all parties on the machine, the server
// too, get no processor for a while.
func randomStall(r *rand.Rand, kind stalls) (what, want string, run *timeline.Run) {
	server := randomServers[r.IntN(len(randomServers))]
	sim := server.make(r)
	if sim.others = pick(r, 0, 0, 2); sim.replaced != 0 {
		sim.others = 0
	}
	name, from := "all is late", between(r, 0, trafficEnd)
	if coin(r) {
		name, from = "all is late about T0", simT0+between(r, -3*s, 5*s)
	}
	sim.stall = &stall{from: max(0, from), to: max(0, from) + between(r, kind.lasts[0], kind.lasts[1]), random: r, behind: map[party]time.Duration{}}
	sim.idleTimeout = pick(r, 0, between(r, kind.idle[0], kind.idle[1]))
	sim.headTimeout = pick(r, 0, slowFor+between(r, kind.more[0], kind.more[1]))
	run = sim.simulate()
	withControl(withClasses(run))
	for i := range run.Attempts {
		if a := &run.Attempts[i]; a.Control {
			a.Started = sim.stall.at(a.Started, firstClient)
			a.Sent, a.Ended = a.Started, sim.stall.at(a.Started+ms, firstClient)
		}
	}
	return "lab, " + name, sim.truth(server.want, true), attributed(run)
}

// The truth where the run does not show one alone, and what is right then.
const (
	anyCut  = "any cut"
	anyStop = "any stop"
)

var alternatives = map[string][]string{
	anyCut:  {exitsAtOnce, cutsInFlight, cutsKeepAlive, delayShorter},
	anyStop: {exitsAtOnce, closesEarly, cutsKeepAlive},
}

// truth is the finding that is right, by what the run shows of its server.
func (t *simulation) truth(want string, kernel bool) string {
	switch {
	case t.stuck && !kernel && t.lingers > 0:
		return anyCut // as of a server that accepts connections, does not respond, and cuts them at its exit
	case t.stuck && !kernel:
		return cutsInFlight // what an exit has cut, whether or not it was accepted
	case t.lingers > 0 && !t.cutsWhole:
		return anyStop // as of a server that would have finished a request, if it had had one
	}
	return want
}

// isRight reports whether the findings that are certain are those that the truth asks for.
func isRight(certain []string, want string) bool {
	if any := alternatives[want]; any != nil {
		return len(certain) > 0 && !slices.ContainsFunc(certain, func(id string) bool { return !slices.Contains(any, id) })
	}
	return slices.Equal(certain, slices.DeleteFunc([]string{want}, func(id string) bool { return id == "" }))
}

// idsOf are the findings that are certain.
func idsOf(found []finding.Finding) (ids []string) {
	for _, f := range found {
		if f.Doubt == "" {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// onceWrong are seeds of a cluster that does not show a deletion, so that responses of the
// termination came before the stop signal was reported; and of one that does not show that the
// new pod was ready, so that it seemed to have no endpoint while that served; and of a pod whose
// doubtful fault explains that the Service had none.
var onceWrong = []uint64{30284, 32032, 102397, 104740, 101580}

// slowly changes a simulation: the server takes a while until it acts on the signal, and for each
// response, if it does not cut those that are in progress: that would be a second fault.
func slowly(r *rand.Rand, sim *simulation, want string) {
	sim.reacts, sim.looks = between(r, 0, 600*ms), between(r, 20*ms, 150*ms)
	if want != cutsKeepAlive {
		sim.takes = between(r, ms, 600*ms)
	}
	sim.propagation += sim.reacts
	if sim.closes > s && !sim.stuck && !sim.silent {
		return
	}
	if sim.closes += sim.reacts; sim.exits > 0 && !sim.killed {
		sim.exits += sim.reacts
	}
}

// randomSlowness is a run on a machine that is not late.
func randomSlowness(r *rand.Rand) (what, want string, run *timeline.Run) {
	server := randomServers[r.IntN(len(randomServers))]
	sim := server.make(r)
	if sim.others = pick(r, 0, 0, 2); sim.replaced != 0 {
		sim.others = 0
	}
	slowly(r, &sim, server.want)
	run = sim.simulate()
	farAway(withControl(withClasses(run)), between(r, 0, 150*ms))
	stage := pick(r, "lab", "lab", "cluster", "lab without its kernel")
	if stage != "lab" {
		run.Events = slices.DeleteFunc(run.Events, ofKernel)
	}
	want = sim.truth(server.want, stage == "lab")
	if stage == "cluster" {
		run = asCluster(run, visibility{header: coin(r), seconds: coin(r), late: between(r, 50*ms, 800*ms)}, r)
	}
	return stage + ", slow: " + want, want, attributed(run)
}

// randomLateExit is a run on a cluster that reports each exit up to three seconds late, and has the
// stamps of its nodes. Half of the servers are slow, too.
func randomLateExit(r *rand.Rand) (what, want string, run *timeline.Run) {
	server := randomServers[r.IntN(len(randomServers))]
	sim := server.make(r)
	if sim.others = pick(r, 0, 0, 2); sim.replaced != 0 {
		sim.others = 0
	}
	vis := visibility{header: coin(r), exits: between(r, s, 3*s)}
	if coin(r) {
		slowly(r, &sim, server.want)
		vis.late = between(r, 50*ms, 800*ms)
	}
	run = sim.simulate()
	run.Events = slices.DeleteFunc(run.Events, ofKernel)
	stamps := newStamps(withControl(withClasses(run)), r)
	run = asCluster(run, vis, r)
	mutation := mutations[r.IntN(len(mutations))]
	if mutation.name == "an event is lost" {
		run.Events = slices.DeleteFunc(run.Events, ofKubelet)
	} else {
		mutation.apply(r, run)
	}
	stamps.apply(run)
	return fmt.Sprintf("cluster, slow %t, %s", vis.late > 0, mutation.name), sim.truth(server.want, false), attributed(run)
}

// ofKubelet reports whether the kubelet reports it by an Event, of which each may get lost.
func ofKubelet(e timeline.Event) bool { return terminates(e.Kind) }

// randomHook is a run of a server that its hook has stopped.
func randomHook(r *rand.Rand) (what, want string, run *timeline.Run) {
	srv := server{preStop: between(r, ms, 4*s), exitCode: pick(r, 0, 0, 2), sendsClose: coin(r)}
	stopped := srv.preStop
	switch r.IntN(3) {
	case 0:
		srv.hook = "sh -c sleep 2; kill -QUIT 1"
	case 1:
		srv.hook, stopped = "sh -c nginx -s quit; sleep 2", 0
	default:
		srv.hook = "GET :8080/quitquitquit"
	}
	srv.closes = stopped + between(r, ms, 3*s)
	switch r.IntN(3) {
	case 0:
		srv.exits = srv.closes
	case 1:
		srv.exits, srv.killed, srv.exitCode = srv.closes+between(r, 3*s, 6*s), true, 137
	}
	sim := simulation{server: srv, propagation: between(r, 500*ms, 6*s), trickles: coin(r), reuses: coin(r), fastOnly: coin(r), others: pick(r, 0, 0, 2)}
	if srv.killed {
		sim.spec.Grace = srv.exits
	}
	run = sim.simulate()
	withControl(withClasses(run))
	run.Events = slices.DeleteFunc(run.Events, ofKernel)
	stage := pick(r, "cluster", "lab without its kernel")
	if stage == "cluster" {
		run = asCluster(run, visibility{header: coin(r), seconds: coin(r)}, r)
	}
	return fmt.Sprintf("%s, killed %t, %s", stage, srv.killed, srv.hook), hookEnds, attributed(run)
}

// randomOverlap is a run of three pods. It has no server of which only the workers exit at once: where
// three of those overlap, there still are wrong findings.
func randomOverlap(r *rand.Rand) (what, want string, run *timeline.Run) {
	server := randomServers[r.IntN(len(randomServers))]
	sim := server.make(r)
	if sim.replaced != 0 || sim.lingers != 0 || server.want == notReady { // for the latter see TestUncertainPodOfARefusal
		return randomOverlap(r)
	}
	vis := visibility{header: coin(r), exits: between(r, s, 3*s)}
	run = repeated(sim.simulate(), pick(r, 0, between(r, 0, 6*s)))
	run.Events = slices.DeleteFunc(run.Events, ofKernel)
	stamps := newStamps(withControl(withClasses(run)), r)
	run = asCluster(run, vis, r)
	stamps.apply(run)
	want = sim.truth(server.want, false)
	return fmt.Sprintf("named %t, killed %t, %s", vis.header, sim.killed, want), want, attributed(run)
}

// farAway lets the path to the control target and back take so long: once to connect, and once
// for the response.
func farAway(run *timeline.Run, path time.Duration) {
	for i := range run.Attempts {
		if a := &run.Attempts[i]; a.Control {
			a.Sent, a.Ended = a.Started+path, a.Ended+2*path
		}
	}
}

// truthSeeds are the seeds of the runs of TestTruth: the first 300, with -short 100, or
// TRUTH_RUNS of them, from TRUTH_SEED on; and those of runs that once were wrong, and that no
// test of its own describes.
func truthSeeds(t *testing.T) iter.Seq[uint64] {
	most := "300"
	if testing.Short() {
		most = "100"
	}
	first, err := strconv.ParseUint(cmp.Or(os.Getenv("TRUTH_SEED"), "0"), 10, 64)
	runs, err2 := strconv.ParseUint(cmp.Or(os.Getenv("TRUTH_RUNS"), most), 10, 64)
	if err != nil || err2 != nil || runs == 0 {
		t.Fatalf("TRUTH_RUNS=%q from TRUTH_SEED=%q are no runs", os.Getenv("TRUTH_RUNS"), os.Getenv("TRUTH_SEED"))
	}
	return func(yield func(uint64) bool) {
		for i := range runs {
			if !yield(first + i) {
				return
			}
		}
		for _, seed := range onceWrong {
			if !yield(seed) {
				return
			}
		}
	}
}
