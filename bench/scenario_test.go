package main

import (
	"context"
	"encoding/json"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// tiny is a plan that runs everything and measures nothing worth quoting.
func tiny(t *testing.T) plan {
	return plan{
		rate:     ratePlan{pairs: 2, conns: 2, procs: 1, round: 20 * time.Millisecond},
		request:  requestPlan{pairs: 2, calls: 100},
		idle:     idlePlan{pairs: 1, conns: 20},
		exit:     exitPlan{runs: 1, delay: 20 * time.Millisecond, quiet: 10 * time.Millisecond},
		broken:   brokenPlan{runs: 1, clients: 4, window: 20 * time.Millisecond},
		lost:     lostPlan{runs: 1, clients: 2, window: 20 * time.Millisecond, budget: 200 * time.Millisecond},
		leaving:  leavingPlan{runs: 1, atOnce: 1, window: 20 * time.Millisecond, budget: 2 * time.Second, slow: 300 * time.Millisecond},
		cost:     costPlan{rounds: 1, calls: 100, connRounds: 1, conns: 20},
		stuck:    stuckPlan{runs: 1, window: 20 * time.Millisecond, budget: 200 * time.Millisecond, patience: 300 * time.Millisecond},
		held:     heldPlan{conns: 5, blocks: 2, pairs: 1},
		ending:   endingPlan{conns: 20, pairs: 1, within: 50 * time.Millisecond},
		silent:   silentPlan{conns: 20, tries: 3, rounds: 1},
		begin:    beginPlan{conns: 50, pairs: 1, spread: 50 * time.Millisecond},
		progress: func(format string, args ...any) { t.Logf(format, args...) },
	}
}

func runOnly(t *testing.T, name string) *results {
	t.Helper()
	return tiny(t).runOnly(t, name)
}

func (p plan) runPeers(t *testing.T, name string) *results {
	t.Helper()
	p.peers = true
	return p.runOnly(t, name)
}

func (p plan) runOnly(t *testing.T, name string) *results {
	t.Helper()
	p.only = name
	res, err := p.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(res); err != nil {
		t.Errorf("no JSON: %v", err)
	}
	var text strings.Builder
	if err := res.writeText(&text); err != nil {
		t.Error(err)
	}
	t.Log(text.String())
	return res
}

func needSIGTERM(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM to send on Windows")
	}
}

func TestRate(t *testing.T) {
	r := runOnly(t, "rate").Rate
	if r.Requests == 0 || r.Rate.Bare.Min <= 0 || r.Rate.Ours.Min <= 0 || r.Rate.Ratio.Median <= 0 {
		t.Errorf("got %+v, want requests to both servers", r)
	}
}

func TestRequest(t *testing.T) {
	r := runOnly(t, "request").Request
	if r.Path.Bare.Max <= 0 || r.OnSocket.Ours.Max <= 0 || r.Whole.Ours.Max <= 0 {
		t.Errorf("got %+v, want that requests cost something", r)
	}
	if r.WholeAllocs.Bare.Median < 1 {
		t.Errorf("%v allocations of bare net/http: it makes some, so they were not counted", r.WholeAllocs.Bare)
	}
}

func TestIdle(t *testing.T) {
	if b := runOnly(t, "idle").Idle.Bytes.Bare.Median; b < 4096 {
		t.Errorf("a bare idle connection holds %v bytes, want at least its buffer", b)
	}
}

func TestExit(t *testing.T) {
	t.Parallel()
	needSIGTERM(t)
	rows := runOnly(t, "exit").Exit.Rows
	if len(rows) != 2*len(exitClients) {
		t.Fatalf("got %d rows", len(rows))
	}
	for _, r := range rows {
		if r.TailMS.Min < 0 {
			t.Errorf("%s, %s: exited %v ms before the end of Delay", r.Server, r.Client, -r.TailMS.Min)
		}
	}
	// Only this row has this wait: net/http gives a connection on which nothing
	// was sent 5 s.
	if last := rows[len(rows)-1]; last.TailMS.Min < 4000 {
		t.Errorf("%s, %s: %v ms: was the connection accepted?", last.Server, last.Client, last.TailMS.Min)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	needSIGTERM(t)
	for _, c := range runOnly(t, "broken").Broken.Cells {
		if c.Requests < 4 {
			t.Errorf("%s, think time %v ms: %d requests of 4 clients", c.Server, c.ThinkMS, c.Requests)
		}
		if c.Server == exit && c.ThinkMS == 0 && c.Broken == 0 {
			t.Error("os.Exit under load broke nothing: are breaks counted?")
		}
	}
}

func TestUnknownScenario(t *testing.T) {
	p := tiny(t)
	p.only = "rate,speed"
	if _, err := p.run(t.Context()); err == nil || !strings.Contains(err.Error(), `"speed"`) {
		t.Errorf("got %v, want an error that names it", err)
	}
}

// A child does not outlive the context it was started with.
func TestChildEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := startChild(ctx, role{Kind: ours}, 0)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-c.exited
	if c.err == nil {
		t.Error("it exited by itself, want that it was killed")
	}
}

// Nor does it outlive its parent, wherever that is: its input closes.
func TestChildEndsWithItsInput(t *testing.T) {
	c, err := startChild(t.Context(), role{Kind: ours}, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.in.Close()
	<-c.exited
	if code := c.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

// The operator's knobs are for servers, not for measurements.
func TestChildIgnoresKnobs(t *testing.T) {
	needSIGTERM(t)
	t.Setenv("LAMEDUCK_DELAY", "never")
	c, err := startChild(t.Context(), role{Kind: ours}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.stop()
	if _, err := oneRequest(c.addr, engine.Once); err != nil {
		t.Fatal(err)
	}
	if _, err := c.terminate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSpread(t *testing.T) {
	if got, want := spreadOf([]float64{9, 1, 2}), (spread{2, 1, 9}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := spreadOf([]float64{4, 1, 9, 2}), (spread{3, 1, 9}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A ratio is made pair by pair: of two samples taken one after the other.
func TestPair(t *testing.T) {
	got := pairOf([]float64{1, 10, 0}, []float64{2, 10, 0})
	if want := (spread{1.5, 1, 2}); got.Ratio != want {
		t.Errorf("ratio %v, want %v: a ratio to 0 has no meaning", got.Ratio, want)
	}
	if want := (spread{0, 0, 1}); got.Added != want {
		t.Errorf("added %v, want %v", got.Added, want)
	}
	if r := pairOf([]float64{0}, []float64{0}).Ratio.Median; math.IsNaN(r) {
		t.Error("NaN, which JSON cannot hold")
	}
}
