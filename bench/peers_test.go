package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func openElsewhereFor(t *testing.T) elsewhere {
	t.Helper()
	places, closePlaces, err := openElsewhere()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closePlaces)
	return places
}

// No cell can be 0 because its clients see nothing: all of them see the end
// of a server that just exits while their nodes still send them to it.
func TestEveryKindSeesABreak(t *testing.T) {
	needSIGTERM(t)
	places := openElsewhereFor(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			var requests int64
			for range 10 { // whether a request is in flight at the exit is chance
				s := &trial{role: role{Kind: exit, Proto: k.proto, Delay: 20 * time.Millisecond, Grace: time.Minute},
					kind: k, elsewhere: places, clients: max(4, k.clients/16), views: 3 * time.Second}
				out, err := s.run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if out.killed {
					t.Error("it was killed, want that it exited")
				}
				t.Logf("of %d requests: %v", out.requests, out.broken)
				if requests += out.requests; len(out.broken) > 0 {
					return
				}
			}
			t.Errorf("os.Exit broke none of %d requests: are breaks counted?", requests)
		})
	}
}

// Nor is one above 0 because clients see what is not there: a server that
// stays breaks nothing, neither while they are there nor when they move on.
func TestNoClientSeesABreakWithoutOne(t *testing.T) {
	places := openElsewhereFor(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := &trial{role: role{Kind: exit, Proto: k.proto}, kind: k, elsewhere: places, clients: 4}
			var err error
			if s.target, err = startChild(ctx, s.role, 0); err != nil {
				t.Fatal(err)
			}
			defer s.target.stop()
			var group sync.WaitGroup
			clients := make([]*client, s.clients)
			for i := range clients {
				clients[i] = newClient(s)
				group.Go(func() { k.run(ctx, clients[i]) })
			}
			if err := s.warmUp(ctx, clients); err != nil {
				t.Fatal(err)
			}
			s.t0.Store(new(time.Now())) // from here on all of them have moved
			pause(ctx, 5*beat)
			cancel()
			group.Wait()
			for _, c := range clients {
				if c.tooEarly != nil || len(c.tally.broken) > 0 {
					t.Errorf("saw %v, then %v", c.tooEarly, c.tally.broken)
				}
			}
		})
	}
}

// lameduck asks the handlers of long requests to leave.
func TestOursAsksWhatLasts(t *testing.T) {
	needSIGTERM(t)
	places := openElsewhereFor(t)
	our, err := peerNamed(ours)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if !k.lasts {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			p := lostPlan{clients: 4, window: 200 * time.Millisecond, budget: time.Minute}
			out, err := p.trial(our, k, places).run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(out.broken) > 0 || out.requests < 4 {
				t.Errorf("of %d requests broke: %v", out.requests, out.broken)
			}
		})
	}
}

// A trial ends with its context, and leaves no client running.
func TestTrialEndsWithContext(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := &trial{role: role{Kind: shutdown, Proto: k.proto, Delay: time.Hour, Grace: 2 * time.Hour},
				kind: k, elsewhere: elsewhere{}, clients: 2, views: time.Hour}
			s.kind.run = func(ctx context.Context, c *client) {
				go func() {
					<-c.warm
					cancel()
				}()
				k.run(ctx, c)
			}
			if _, err := s.run(ctx); err == nil {
				t.Error("the trial ended by itself, and it should last for an hour")
			}
		})
	}
}

func TestLost(t *testing.T) {
	t.Parallel()
	needSIGTERM(t)
	for _, name := range []string{"a connection per request", "h2c, POST that cannot", "TLS, POST that cannot", "gRPC call"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := tiny(t)
			p.lost.kind = name
			for _, c := range p.runPeers(t, "lost").Lost.Cells {
				if c.Runs != 1 || c.Requests < 2 {
					t.Errorf("%s: %d requests in %d runs", c.Peer, c.Requests, c.Runs)
				}
			}
		})
	}
}

func TestLeaving(t *testing.T) {
	t.Parallel()
	needSIGTERM(t)
	rows := tiny(t).runPeers(t, "leaving").Leaving.Rows
	if len(rows) != len(openClients)*len(peers) {
		t.Fatalf("got %d rows", len(rows))
	}
	for _, r := range rows {
		if r.N != 1 || r.TailMS.Min < 0 {
			t.Errorf("%s, %s: %d exits, the first %v ms after the window", r.Peer, r.Client, r.N, r.TailMS.Min)
		}
	}
	cut := func(peer, client string) bool {
		i := slices.IndexFunc(rows, func(r leavingRow) bool { return r.Peer == peer && r.Client == client })
		return rows[i].Cut > 0
	}
	const request, socket = "a request of 5 s", "a WebSocket that never closes"
	if !cut(exit, request) || !cut(exit, socket) || !cut(shutdown, socket) {
		t.Error("something that was cut counts as finished")
	}
	if cut(shutdown, request) || cut(ours, request) || cut(ours, socket) {
		t.Error("something that ended well counts as cut")
	}
}

func TestCost(t *testing.T) {
	rows := tiny(t).runPeers(t, "cost").Cost.Rows
	if len(rows) != len(peers)*len(procCounts) {
		t.Fatalf("got %d rows", len(rows))
	}
	for _, r := range rows {
		if r.Path.Ours.Max <= 0 || r.Whole.Ours.Max <= 0 || r.Bytes.Ours.Median < 1000 {
			t.Errorf("%s, %d: got %+v, want that requests and connections cost something", r.Peer, r.Procs, r)
		}
	}
}

func TestHeld(t *testing.T) {
	for _, r := range tiny(t).runPeers(t, "memory").Held.Rows {
		if r.Bytes.Bare.Min < 2000 || r.Bytes.Ours.Min < 2000 {
			t.Errorf("%s: got %+v, want what a goroutine needs at least", r.Proto, r.Bytes)
		}
	}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	needSIGTERM(t)
	for _, r := range tiny(t).runPeers(t, "begin").Begin.Rows {
		if r.StallMS.Ours.Max <= 0 || r.CPU.Bare.Max <= 0 || r.Goroutines.Ours.Min <= 0 || r.Timers == 0 {
			t.Errorf("%s: got %+v, want that a termination makes goroutines and timers", r.Proto, r)
		}
	}
}

func TestEnding(t *testing.T) {
	t.Parallel()
	needSIGTERM(t)
	if cpu := tiny(t).runPeers(t, "ending").Ending.CPU; cpu.Bare.Min <= 0 || cpu.Ours.Min <= 0 {
		t.Errorf("got %+v, want that it takes processor time", cpu)
	}
}

func TestSilent(t *testing.T) {
	t.Parallel()
	if took := tiny(t).runPeers(t, "silent").Silent.Took; took.Bare.Min <= 0 || took.Ours.Min <= 0 {
		t.Errorf("got %+v, want that handshakes take a while", took)
	}
}

func TestRates(t *testing.T) {
	for _, r := range tiny(t).runPeers(t, "rates").Rates.Rows {
		if r.Requests == 0 || r.Rate.Bare.Min <= 0 || r.Rate.Ours.Min <= 0 {
			t.Errorf("%s: got %+v, want requests to both servers", r.Proto, r)
		}
	}
}

func TestStuck(t *testing.T) {
	t.Parallel()
	needSIGTERM(t)
	for _, row := range allThatWaitForNothingExit(t) {
		switch {
		case row.Peer == exit && row.Never > 0:
			t.Errorf("%s, %s: %+v, want an exit: it waits for nothing", row.Peer, row.Proto, row)
		case row.Peer == "kratos" && row.Proto == "gRPC" && row.Never == 0:
			t.Errorf("%s, %s: %+v, want none: its GracefulStop has no bound", row.Peer, row.Proto, row)
		case row.Peer == shutdown && (row.N != 1 || row.Never == 0 && row.OverMS.Min < 0):
			t.Errorf("%s, %s: %+v, want one exit after the budget", row.Peer, row.Proto, row)
		}
	}
}

// allThatWaitForNothingExit measures again, with more patience, while a server
// that only has to exit has not: on a busy machine that takes a while.
func allThatWaitForNothingExit(t *testing.T) []stuckRow {
	p := tiny(t)
	for {
		rows := p.runPeers(t, "stuck").Stuck.Rows
		slow := slices.ContainsFunc(rows, func(r stuckRow) bool { return r.Peer == exit && r.Never > 0 })
		if !slow || p.stuck.patience > 10*time.Second {
			return rows
		}
		p.stuck.patience *= 4
	}
}

// All tables together take minutes, and not a night.
func TestEstimate(t *testing.T) {
	p := plan{peers: true, rate: ratePlan{pairs: 40, round: 200 * time.Millisecond}, broken: brokenPlan{runs: 30},
		lost: lostPlan{window: 500 * time.Millisecond, budget: 3 * time.Second}}
	p.setPeers()
	if d := p.estimate(); d < time.Minute || d > 45*time.Minute {
		t.Errorf("30 terminations a cell are estimated to take %v", d)
	}
}

// Every table has its place in the page, and what is written there is found
// and replaced the next time.
func TestUpdateTables(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(tablesFile)))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	copied := filepath.Join(root, filepath.FromSlash(tablesFile))
	if err := os.MkdirAll(filepath.Join(root, "docs", "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, page, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "docs", "below"))
	file, err := findTables()
	if err != nil {
		t.Fatal(err)
	}
	res := newResults()
	res.Lost = &lostResult{Runs: 7, Cells: []lostCell{{Peer: ours, Kind: kinds[0].name, Runs: 7}, {Peer: exit, Kind: kinds[0].name, Runs: 7, Hit: 2, Broken: 35}}}
	res.Rates = &ratesResult{Rows: []ratesRow{{Proto: "HTTP/1.1"}}}
	res.Machine = "the machine of a test"
	for range 2 {
		if err := res.updateTables(file); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| **lameduck** | 0 |\n", "| sleep, os.Exit | 5.0 (2) |\n"} {
		if n := strings.Count(string(got), want); n != 1 {
			t.Errorf("%q is there %d times", want, n)
		}
	}
	if n := strings.Count(string(got), "the machine of a test"); n != 2 {
		t.Errorf("%d tables name their run, want the two that were measured", n)
	}
	for _, name := range names(peerScenarios) {
		if _, err := replaceTable(string(got), name, ""); err != nil {
			t.Error(err)
		}
	}
}

// A page without a place for the tables is an error before an hour of work.
func TestNoPlaceForTables(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := findTables(); err == nil || !strings.Contains(err.Error(), "hint: ") {
		t.Errorf("got %v, want an error with a hint", err)
	}
	if _, err := replaceTable("<!-- table lost -->\nno end\n", "lost", ""); err == nil {
		t.Error("a table without an end was replaced")
	}
}

func TestFigures(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.0333: "0.033", 5: "5.0", 876.4: "876"} {
		if got := figures(x); got != want {
			t.Errorf("%v: got %q, want %q", x, got, want)
		}
	}
	for ms, want := range map[float64]string{0.34: "0.3 ms", 42: "42 ms", 5289: "5.29 s", -1500: "-1.5 s"} {
		if got := millis(ms); got != want {
			t.Errorf("%v: got %q, want %q", ms, got, want)
		}
	}
}

func TestStallWatch(t *testing.T) {
	start := time.Now()
	w := stallWatch{last: start}
	for _, ms := range []time.Duration{5, 10, 80, 85, 90} {
		w.tick(start.Add(ms * time.Millisecond))
	}
	if want := 65 * time.Millisecond; w.longest != want {
		t.Errorf("the longest stall was %v, want %v", w.longest, want)
	}
}
