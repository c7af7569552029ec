package traffic

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestDownload: an answer is read piece by piece, and one that ends in its middle
// is a drop.
func TestDownload(t *testing.T) {
	const takes = 60 * time.Millisecond
	const size = 40 << 10 // ten pieces
	long := "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(size) + "\r\n\r\n" + strings.Repeat("x", size)
	for _, tt := range []struct {
		name   string
		script func(p *peer)
		cause  timeline.Cause
		bytes  int
		slowly bool
	}{
		{"long", func(p *peer) { p.read(); p.write(long) }, "", len(long), true},
		{"there at once", func(p *peer) { p.write(long); p.read() }, "", len(long), true},
		{"short", func(p *peer) { p.read(); p.write(page) }, "", len(page), false},
		{"until eof", func(p *peer) { p.read(); p.write("HTTP/1.0 200 OK\r\n\r\n" + strings.Repeat("x", size)) }, "", size + 19, true},
		{"truncated", func(p *peer) { p.read(); p.write(long[:len(long)-1]) }, timeline.Truncated, len(long) - 1, true},
		{"nothing", func(p *peer) { p.read() }, timeline.EOF, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := attemptAt(t, "download", takes, tt.script)
			if a.Cause != tt.cause || a.Bytes != int64(tt.bytes) {
				t.Errorf("cause %q after %d bytes, want %q after %d", a.Cause, a.Bytes, tt.cause, tt.bytes)
			}
			if tt.slowly && a.Ended-a.Sent < takes/20*10 {
				t.Errorf("read within %v", a.Ended-a.Sent)
			}
		})
	}
}

// TestDownloadGivenUp: a load that is cancelled does not wait for the pieces.
func TestDownloadGivenUp(t *testing.T) {
	server := serve(t, func(_ int, p *peer) {
		p.read()
		p.write("HTTP/1.0 200 OK\r\n\r\n" + strings.Repeat("x", 1<<20))
	})
	cfg := to(dialer(server.addr))
	cfg.Patterns, cfg.takes = []string{"download"}, time.Hour
	cfg.Record = func(a timeline.Attempt) { t.Errorf("recorded: %+v", a) }
	ctx, cancel := context.WithCancel(t.Context())
	l := cfg.start(ctx)
	eventually(t, func() bool { _, requests := server.seen(); return len(requests) > 0 })
	cancel()
	l.Stop()
}
