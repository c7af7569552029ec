package traffic

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestCauses makes each failure on a real socket and reads its name, for a
// request on a new connection by every pattern.
func TestCauses(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, tt := range []struct {
		name   string
		script func(p *peer)
		cause  timeline.Cause
		status int
		detail string
		phase  timeline.Phase
		class  timeline.Class
	}{
		{"answered", func(p *peer) { p.read(); p.write(page) }, "", 200, "", "", ""},
		{"redirect", func(p *peer) { p.read(); p.write("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n") }, "", 302, "", "", ""},
		{"not found", func(p *peer) { p.read(); p.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") }, "", 404, "", "", ""},
		{"until eof", func(p *peer) { p.read(); p.write("HTTP/1.0 200 OK\r\n\r\nhello") }, "", 200, "", "", ""},
		{"503", func(p *peer) {
			p.read()
			p.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
		}, timeline.Status5xx, 503, "status 503", timeline.ReceivePhase, timeline.ClassErrorAnswer},
		{"closed unanswered", func(p *peer) { p.read() }, timeline.EOF, 0, "EOF", timeline.WaitPhase, timeline.ClassCut},
		{"reset unanswered", func(p *peer) { p.read(); p.reset() }, timeline.Reset, 0, "read: connection reset by peer", timeline.WaitPhase, timeline.ClassCut},
		{"half a head", func(p *peer) { p.read(); p.write("HTTP/1.1 200 OK\r\nCont") }, timeline.Truncated, 0, "unexpected EOF", timeline.ReceivePhase, timeline.ClassTruncated},
		{"half a head, reset", func(p *peer) { p.read(); p.write("HTTP/1.1 200 OK\r\nCont"); p.reset() }, timeline.Truncated, 0, "read: connection reset by peer", timeline.ReceivePhase, timeline.ClassTruncated},
		{"half a body", func(p *peer) { p.read(); p.write(page[:len(page)-1]) }, timeline.Truncated, 200, "unexpected EOF", timeline.ReceivePhase, timeline.ClassTruncated},
		{"half a body, reset", func(p *peer) { p.read(); p.write(page[:len(page)-1]); p.reset() }, timeline.Truncated, 200, "read: connection reset by peer", timeline.ReceivePhase, timeline.ClassTruncated},
		{"no last chunk", func(p *peer) { p.read(); p.write(chunked + "5\r\nhello\r\n") }, timeline.Truncated, 200, "unexpected EOF", timeline.ReceivePhase, timeline.ClassTruncated},
		{"until reset", func(p *peer) { p.read(); p.write("HTTP/1.0 200 OK\r\n\r\nhel"); p.reset() }, timeline.Truncated, 200, "read: connection reset by peer", timeline.ReceivePhase, timeline.ClassTruncated},
		{"silence", func(p *peer) { p.read(); p.waitForClient() }, timeline.Timeout, 0, "read: i/o timeout", timeline.WaitPhase, timeline.ClassTimedOut},
		{"silence after half", func(p *peer) { p.read(); p.write(page[:len(page)-1]); p.waitForClient() }, timeline.Timeout, 200, "read: i/o timeout", timeline.ReceivePhase, timeline.ClassTimedOut},
		{"not http", func(p *peer) { p.read(); p.write("220 mail ESMTP\r\n\r\n") }, timeline.Malformed, 0, `malformed response: status line "220 mail ESMTP"`, timeline.ReceivePhase, timeline.ClassErrorAnswer},
	} {
		for _, p := range patterns {
			t.Run(tt.name+"/"+p.Name, func(t *testing.T) {
				t.Parallel()
				a := attemptOf(t, p.Name, tt.cause == timeline.Timeout, tt.status > 0, tt.script)
				if a.Cause != tt.cause || a.Status != tt.status || a.Detail != tt.detail {
					t.Errorf("cause %q, status %d, detail %q; want %q, %d, %q", a.Cause, a.Status, a.Detail, tt.cause, tt.status, tt.detail)
				}
				if a.Phase != tt.phase || a.Class != tt.class {
					t.Errorf("phase %q, class %q; want %q, %q", a.Phase, a.Class, tt.phase, tt.class)
				}
				checkRecord(t, a)
			})
		}
	}
}

// attemptOf is one attempt at a server that runs script. Where the attempt has
// to time out it gets more time until the request was sent, and until a part
// of the answer came if there is one: on a busy machine both take a while.
func attemptOf(t *testing.T, pattern string, timesOut, answers bool, script func(*peer)) timeline.Attempt {
	t.Helper()
	var timeout time.Duration
	if timesOut {
		timeout = 50 * time.Millisecond
	}
	for {
		server := serve(t, func(_ int, p *peer) { script(p) })
		cfg := to(dialer(server.addr))
		cfg.takes, cfg.Limits.Timeout = 10*time.Millisecond, timeout
		s := newSingle(t, pattern, cfg)
		s.attempt()
		a := only(t, s)
		early := a.Cause == timeline.Timeout && (a.Phase == timeline.SendPhase || answers && a.Bytes == 0)
		if !timesOut || !early || timeout > time.Minute {
			return a
		}
		timeout *= 2
	}
}

// only is the one attempt of a load.
func only(t *testing.T, s *single) timeline.Attempt {
	t.Helper()
	all := s.end()
	if len(all) != 1 {
		t.Fatalf("%d attempts recorded, want 1: %+v", len(all), all)
	}
	return all[0]
}

// attemptAt makes one attempt at a server that acts by the script.
func attemptAt(t *testing.T, pattern string, takes time.Duration, script func(*peer)) timeline.Attempt {
	t.Helper()
	server := serve(t, func(_ int, p *peer) { script(p) })
	cfg := to(dialer(server.addr))
	cfg.takes = takes
	s := newSingle(t, pattern, cfg)
	s.attempt()
	return only(t, s)
}

// checkRecord checks an attempt that got a connection for what must be true of
// each.
func checkRecord(t *testing.T, a timeline.Attempt) {
	t.Helper()
	if a.Scheduled > a.Started || a.Started > a.Sent || a.Sent > a.Ended {
		t.Errorf("moments out of order: %+v", a)
	}
	if a.Conn == 0 || a.Pod != "pod" || !strings.HasPrefix(a.Addr, "127.0.0.1:") || a.Reused || a.Retry != timeline.NoRetry {
		t.Errorf("wrong about its connection: %+v", a)
	}
	if (a.Bytes == 0) != (a.Cause == timeline.EOF || a.Cause == timeline.Reset || a.Cause == timeline.Timeout && a.Status == 0) {
		t.Errorf("%d bytes with cause %q", a.Bytes, a.Cause)
	}
	if broken := a.Dropped() && a.Cause != timeline.Status5xx; broken != (a.End == timeline.Broken) {
		t.Errorf("cause %q and end %q", a.Cause, a.End)
	}
}

func TestDialCauses(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := ln.Addr().String()
	_ = ln.Close()
	fails := func(err error) Dialer {
		return func(context.Context) (net.Conn, string, error) { return nil, "pod", err }
	}
	hangs := func(ctx context.Context) (net.Conn, string, error) {
		<-ctx.Done()
		return nil, "pod", fmt.Errorf("dial: %w", ctx.Err())
	}
	errno := func(n syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", n)}
	}
	for _, tt := range []struct {
		name   string
		dial   Dialer
		cause  timeline.Cause
		detail string
		class  timeline.Class
	}{
		{"closed port", dialer(closed), timeline.Refused, "dial: connection refused", timeline.ClassRefused},
		{"no endpoint", fails(fmt.Errorf("no endpoint: %w", syscall.ECONNREFUSED)), timeline.Refused, "no endpoint: connection refused", timeline.ClassRefused},
		{"no host", fails(errno(syscall.EHOSTUNREACH)), timeline.Unreachable, "dial: no route to host", timeline.ClassUnreachable},
		{"no network", fails(errno(syscall.ENETUNREACH)), timeline.Unreachable, "dial: network is unreachable", timeline.ClassUnreachable},
		{"kernel's timeout", fails(errno(syscall.ETIMEDOUT)), timeline.DialTimeout, "dial: connection timed out", timeline.ClassTimedOut},
		{"our timeout", hangs, timeline.DialTimeout, "dial: context deadline exceeded", timeline.ClassTimedOut},
		{"anything else", fails(errScripted), timeline.Unreachable, "as the test wants", timeline.ClassUnreachable},
	} {
		for _, p := range patterns {
			t.Run(tt.name+"/"+p.Name, func(t *testing.T) {
				cfg := to(tt.dial)
				cfg.Limits.DialTimeout = time.Minute
				if tt.name == "our timeout" {
					cfg.Limits.DialTimeout = 20 * time.Millisecond
				}
				s := newSingle(t, p.Name, cfg)
				s.attempt()
				a := only(t, s)
				if a.Cause != tt.cause || !strings.EqualFold(a.Detail, tt.detail) {
					t.Errorf("cause %q, detail %q; want %q, %q", a.Cause, a.Detail, tt.cause, tt.detail)
				}
				if a.Phase != timeline.DialPhase || a.Class != tt.class || tt.name == "closed port" && a.Addr != closed {
					t.Errorf("phase %q, class %q at %q; want class %q at %s", a.Phase, a.Class, a.Addr, tt.class, closed)
				}
				if a.Conn != 0 || a.Sent != timeline.Never || a.End != timeline.Open || a.Pod != "pod" && tt.cause != timeline.Refused {
					t.Errorf("wrong about a connection that was never made: %+v", a)
				}
			})
		}
	}
}
