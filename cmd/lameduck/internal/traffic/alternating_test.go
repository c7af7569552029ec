package traffic

import (
	"testing"
	"time"
)

// TestAlternating: every second slow request is the first of its connection, however
// long the load has lasted; the others keep theirs.
func TestAlternating(t *testing.T) {
	server := serve(t, func(_ int, p *peer) { p.answerAll() })
	cfg := to(dialer(server.addr))
	cfg.Limits.Connections, cfg.takes = 1, 2*time.Millisecond
	s := newSingle(t, "slow", cfg)
	for range 10 {
		s.attempt()
	}
	first, reused := 0, map[uint64]int{}
	for _, a := range s.end() {
		if a.Reused {
			reused[a.Conn]++
		} else {
			first++
		}
	}
	if first != 6 || len(reused) != 1 {
		t.Errorf("%d of 10 requests were the first of a connection, and %v used one again; want 6, and one connection used 4 times", first, reused)
	}
}
