package traffic

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestLoad runs every pattern at a server that answers: each attempt is
// recorded once, the schedule is even, and Stop leaves neither a connection
// nor a goroutine.
func TestLoad(t *testing.T) {
	before := runtime.NumGoroutine()
	gone := make(chan struct{}, 1000)
	server := serve(t, func(_ int, p *peer) {
		p.answerAll()
		gone <- struct{}{}
	})
	rec := &recorder{}
	cfg := rec.config(server.addr)
	cfg.Patterns, cfg.Rate = names(), 500
	cfg.Control = true
	cfg.takes = 20 * time.Millisecond
	l := cfg.start(t.Context())
	rec.waitFor(t, 100)
	l.Stop()

	all := rec.all()
	if drops := rec.drops(); len(drops) > 0 {
		t.Errorf("%d of %d dropped, the first: %+v", len(drops), len(all), drops[0])
	}
	for _, p := range patterns {
		checkSchedule(t, all, p, p.rate(cfg.Rate))
	}
	connections, requests := server.seen()
	if len(requests) != len(all) {
		t.Errorf("the server saw %d requests, %d are recorded", len(requests), len(all))
	}
	for range connections { // every connection ends, or this loop does not
		<-gone
	}
	// The server's own goroutines: accepting, and the poller's none.
	eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 })
}

// checkSchedule looks for gaps and doubles in the moments one pattern's
// attempts were due.
func checkSchedule(t *testing.T, all []timeline.Attempt, p Pattern, rate int) {
	t.Helper()
	var moments []time.Duration
	for _, a := range all {
		if a.Pattern == p.Name {
			moments = append(moments, a.Scheduled)
			if !a.Control || a.Started < a.Scheduled || a.Ended < a.Sent || a.Sent < a.Started {
				t.Errorf("%s: %+v", p.Name, a)
			}
		}
	}
	slices.Sort(moments)
	if len(moments) == 0 {
		t.Errorf("%s: no attempts", p.Name)
	}
	for i, m := range moments {
		if want := moments[0] + due(int64(i), rate); m != want {
			t.Fatalf("%s: attempt %d was due at %v, want %v", p.Name, i, m, want)
		}
	}
}

// TestStall: a server that does not respond slows no pattern down, and waiting
// attempts are recorded, with their whole latency, when it has responded.
func TestStall(t *testing.T) {
	release := make(chan struct{})
	server := serve(t, func(_ int, p *peer) {
		for p.read() {
			<-release
			p.write(page)
		}
	})
	rec := &recorder{}
	cfg := rec.config(server.addr)
	cfg.Patterns = []string{"new", "keepalive"}
	cfg.Rate = 1000
	cfg.Limits.Timeout = time.Minute
	l := cfg.start(t.Context())
	eventually(t, func() bool { _, requests := server.seen(); return len(requests) >= 100 })
	if early := rec.all(); len(early) != 0 {
		t.Errorf("recorded before an answer: %+v", early[0])
	}
	l.halt()
	l.pacers.Wait()
	released := l.env.Clock.Now()
	close(release)
	l.Stop()

	all := rec.all()
	if drops := rec.drops(); len(all) < 100 || len(drops) > 0 {
		t.Errorf("%d attempts, %d drops", len(all), len(drops))
	}
	for _, a := range all {
		if a.Latency() < released-a.Scheduled {
			t.Errorf("a latency of %v hides some of the stall: %+v", a.Latency(), a)
		}
	}
	for _, name := range cfg.Patterns {
		checkStalled(t, all, name, cfg.Rate)
	}
}

func checkStalled(t *testing.T, all []timeline.Attempt, pattern string, rate int) {
	t.Helper()
	seen := map[uint64]bool{}
	var moments []time.Duration
	for _, a := range all {
		if a.Pattern == pattern {
			seen[a.Conn] = true
			moments = append(moments, a.Scheduled)
		}
	}
	slices.Sort(moments)
	if len(seen) != len(moments) {
		t.Errorf("%s: %d attempts on %d connections, want one each", pattern, len(moments), len(seen))
	}
	if want := moments[0] + due(int64(len(moments)-1), rate); moments[len(moments)-1] != want {
		t.Errorf("%s: attempts are missing: the last was due at %v, want %v", pattern, moments[len(moments)-1], want)
	}
}

// TestGivenUp: when the context ends, attempts in progress are neither waited
// for nor recorded; those before are.
func TestGivenUp(t *testing.T) {
	server := serve(t, func(n int, p *peer) {
		if n == 0 {
			p.answerAll()
			return
		}
		p.read()
		p.waitForClient()
	})
	rec := &recorder{}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := rec.config(server.addr)
	cfg.Patterns = []string{"keepalive", "slow"}
	cfg.Rate = 100
	cfg.Limits.Timeout = time.Hour
	l := cfg.start(ctx)
	eventually(t, func() bool { n, _ := server.seen(); return n >= 10 })
	cancel()
	l.Stop()
	for _, a := range rec.all() {
		if a.Dropped() || a.End != timeline.Open {
			t.Errorf("blamed on the server: %+v", a)
		}
	}
}

// TestNodes: the dialers take turns, and the record has the node.
func TestNodes(t *testing.T) {
	server := serve(t, func(_ int, p *peer) { p.answerAll() })
	for _, p := range patterns {
		t.Run(p.Name, func(t *testing.T) {
			dial := dialer(server.addr)
			cfg := to(dial, dial, dial)
			cfg.Nodes, cfg.Limits.Connections, cfg.takes = []string{"a", "b", "c"}, 6, time.Millisecond
			s := newSingle(t, p.Name, cfg)
			for range 6 {
				s.attempt()
			}
			var nodes strings.Builder
			all := s.end()
			slices.SortFunc(all, func(a, b timeline.Attempt) int { return int(a.Scheduled - b.Scheduled) })
			for _, a := range all {
				nodes.WriteString(a.Node)
			}
			if want := "abcabc"; nodes.String() != want {
				t.Errorf("nodes %s, want %s", nodes.String(), want)
			}
		})
	}
}
