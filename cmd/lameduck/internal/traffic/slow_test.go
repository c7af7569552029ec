package traffic

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestSlow: the request is sent in pieces, and ends when it should; an early
// response of the server is read.
func TestSlow(t *testing.T) {
	const trickle = 40 * time.Millisecond
	const early = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	for _, tt := range []struct {
		name   string
		script func(p *peer)
		status int
		cause  timeline.Cause
		sent   bool
		phase  timeline.Phase
	}{
		{"answered", func(p *peer) { p.read(); p.write(page) }, 200, "", true, ""},
		{"answered early", func(p *peer) { _, _ = p.in.ReadByte(); p.write(early); p.closeWrite() }, 408, "", false, ""},
		{"closed early", func(p *peer) { _, _ = p.in.ReadByte(); p.closeWrite() }, 0, timeline.EOF, false, timeline.SendPhase},
		{"reset early", func(p *peer) { _, _ = p.in.ReadByte(); p.reset() }, 0, timeline.Reset, false, timeline.SendPhase},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := attemptAt(t, "slow", trickle, tt.script)
			if a.Status != tt.status || a.Cause != tt.cause || (a.Sent != timeline.Never) != tt.sent || a.Phase != tt.phase {
				t.Errorf("status %d, cause %q, sent %v, phase %q; want %d, %q, sent: %v, %q", a.Status, a.Cause, a.Sent, a.Phase, tt.status, tt.cause, tt.sent, tt.phase)
			}
			if tt.sent && a.Sent-a.Started < trickle {
				t.Errorf("sent within %v, want %v at least", a.Sent-a.Started, trickle)
			}
		})
	}
}

// observed is a connection that notes what is written to it, and answers how
// much of that the server's kernel has not acknowledged.
type observed struct {
	net.Conn
	writes  []string
	asked   int
	unacked func(asked int) int
}

func (o *observed) Write(p []byte) (int, error) {
	o.writes = append(o.writes, string(p))
	return o.Conn.Write(p)
}

func (o *observed) Unacked() int {
	o.asked++
	return o.unacked(o.asked)
}

// SyscallConn lets it be looked at like any other.
func (o *observed) SyscallConn() (syscall.RawConn, error) {
	return o.Conn.(syscall.Conn).SyscallConn()
}

// dial is a Dialer of this connection.
func (o *observed) dial(addr string) Dialer {
	return func(ctx context.Context) (net.Conn, string, error) {
		nc, pod, err := dialer(addr)(ctx)
		o.Conn = nc
		return o, pod, err
	}
}

// TestSlowPieces: no piece is sent before the server's kernel has acknowledged
// the one before, and together they are the request.
func TestSlowPieces(t *testing.T) {
	server := serve(t, func(_ int, p *peer) { p.read(); p.write(page) })
	o := observed{unacked: func(asked int) int {
		if asked > 1 && asked < 6 {
			return 1
		}
		return 0
	}}
	cfg := to(o.dial(server.addr))
	cfg.takes = 40 * time.Millisecond
	s := newSingle(t, "slow", cfg)
	s.attempt()
	if a := only(t, s); a.Dropped() {
		t.Errorf("%+v", a)
	}
	const request = "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: lameduck\r\nAccept: */*\r\n\r\n"
	if all := strings.Join(o.writes, ""); all != request {
		t.Errorf("sent %q, want %q", all, request)
	}
	const n, pieces = len(request), 20
	if len(o.writes) != pieces-4 || len(o.writes[0]) != n/pieces || len(o.writes[1]) != n*6/pieces-n/pieces {
		t.Errorf("sent as %q, want 4 pieces held back after the first", o.writes)
	}
}

// TestSlowUnacked: a server on a host that does not answer does not hold slow
// up for longer than the time-out of a response.
func TestSlowUnacked(t *testing.T) {
	server := serve(t, func(_ int, p *peer) { p.waitForClient() })
	o := observed{unacked: func(int) int { return 1 }}
	cfg := to(o.dial(server.addr))
	cfg.takes, cfg.Limits.Timeout = 10*time.Millisecond, 50*time.Millisecond
	s := newSingle(t, "slow", cfg)
	s.attempt()
	if a := only(t, s); a.Cause != timeline.Timeout || a.Detail != "read: i/o timeout" {
		t.Errorf("%+v, want a time-out of the read", a)
	}
}
