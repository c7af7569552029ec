//go:build unix

package traffic

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestExact kills a server in the middle of its requests and compares the
// drops recorded with the number of requests it held, which the server reports
// before it kills itself. The number is exact by construction: the server is
// frozen first (it reads requests and ends no answer), then no more attempts
// begin, and it crashes only when it has read every request in flight.
func TestExact(t *testing.T) {
	for form, causes := range map[string][]timeline.Cause{
		"before-headers": {timeline.EOF, timeline.Reset},
		"content-length": {timeline.Truncated},
		"chunked":        {timeline.Truncated},
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			total := 0
			for range 20 {
				total += exactly(t, form, causes)
			}
			if t.Logf("%d requests were held in 20 runs", total); total < 20 {
				t.Error("too few for a result")
			}
		})
	}
}

func exactly(t *testing.T, form string, causes []timeline.Cause) (held int) {
	server := startChild(t, form)
	rec := &recorder{}
	cfg := rec.config(server.addr)
	cfg.Patterns = []string{"new", "keepalive"}
	cfg.Rate = 400
	l := cfg.start(t.Context())
	rec.waitFor(t, 20)

	server.ask(t, "freeze")
	l.halt()
	l.pacers.Wait()
	held = waitUntilHeld(t, server, l)
	if got := server.ask(t, "crash"); got != "" {
		t.Fatalf("the server still runs and wrote %q", got)
	}
	l.Stop()

	drops := rec.drops()
	if len(drops) != held {
		t.Errorf("%d drops recorded; the server held %d requests: %v", len(drops), held, drops)
	}
	for _, a := range drops {
		if !slices.Contains(causes, a.Cause) || a.Sent == timeline.Never || a.Conn == 0 || a.End != timeline.Broken {
			t.Errorf("unexpected drop: %+v", a)
		}
	}
	return held
}

// waitUntilHeld returns the number of requests the frozen server holds, once
// it has read as many as there are attempts under way.
func waitUntilHeld(t *testing.T, server *child, l *Load) int {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		held, err := strconv.Atoi(server.ask(t, "held"))
		if err != nil {
			t.Fatal(err)
		}
		var underway int64
		for _, n := range l.patternRuns {
			underway += n.underway.Load()
		}
		if int64(held) == underway {
			return held
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server holds %d requests, %d attempts are under way", held, underway)
		}
	}
}
