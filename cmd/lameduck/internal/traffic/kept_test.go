package traffic

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

// outcome is what these tests compare of an attempt.
type outcome struct {
	cause  timeline.Cause
	reused bool
	retry  timeline.Retry
	end    timeline.End
}

var (
	unused = outcome{}
	reused = outcome{reused: true}
)

// TestKeepalive has one connection and a server that ends it in every possible
// way. ended is how often the client must see the connection end while it is
// idle, which the test waits for.
func TestKeepalive(t *testing.T) {
	const closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
	once := func(text string, then func(*peer)) func(int, *peer) {
		return func(n int, p *peer) {
			if n > 0 {
				p.answerAll()
				return
			}
			p.read()
			p.write(text)
			then(p)
		}
	}
	second := func(then func(*peer)) func(int, *peer) {
		return once(page, func(p *peer) { p.read(); then(p) })
	}
	nothing := func(*peer) {}
	for _, tt := range []struct {
		name     string
		method   string
		script   func(n int, p *peer)
		ends     bool // the connection ends while it is idle after the first attempt
		want     []outcome
		requests int // that the server must see; 0: one per attempt
	}{
		{name: "answered", script: func(_ int, p *peer) { p.answerAll() }, want: []outcome{unused, reused, reused}},
		{name: "fin between requests", script: once(page, nothing), ends: true, want: []outcome{{end: timeline.FIN}, unused, reused}},
		{name: "reset between requests", script: once(page, (*peer).reset), ends: true, want: []outcome{{end: timeline.Broken}, unused, reused}},
		{name: "announced by 408", script: once(page, func(p *peer) { p.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n") }), ends: true, want: []outcome{{end: timeline.Announced}, unused, reused}},
		{name: "bytes without a request", script: once(page, func(p *peer) { p.write("HTTP/1.1 20"); p.waitForClient() }), ends: true, want: []outcome{{end: timeline.Broken}, unused, reused}},
		{name: "connection: close", script: once(closing, nothing), want: []outcome{{end: timeline.Announced}, unused, reused}},
		{name: "close, and the server waits", script: once(closing, (*peer).waitForClient), want: []outcome{{end: timeline.Announced}, unused, reused}},
		{name: "http/1.0", script: once("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", nothing), want: []outcome{{end: timeline.Announced}, unused, reused}},
		{name: "until eof", script: once("HTTP/1.1 200 OK\r\n\r\nhello", nothing), want: []outcome{{end: timeline.Announced}, unused, reused}},
		{name: "5xx", script: once("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", (*peer).answerAll), want: []outcome{{cause: timeline.Status5xx}, reused, reused}},
		{name: "eof on reuse", script: second(nothing), want: []outcome{unused, {timeline.EOF, true, timeline.RetryOK, timeline.Broken}, unused}, requests: 4},
		{name: "reset on reuse", script: second((*peer).reset), want: []outcome{unused, {timeline.Reset, true, timeline.RetryOK, timeline.Broken}, unused}, requests: 4},
		{name: "eof on reuse of a POST", method: "POST", script: second(nothing), want: []outcome{unused, {timeline.EOF, true, timeline.NoRetry, timeline.Broken}, unused}},
		{name: "half an answer on reuse", script: second(func(p *peer) { p.write("HTTP/1.1 2") }), want: []outcome{unused, {timeline.Truncated, true, timeline.NoRetry, timeline.Broken}, unused}},
		{name: "eof, and the retry fails", script: func(n int, p *peer) {
			p.read()
			if n == 0 {
				p.write(page)
				p.read()
			}
		}, want: []outcome{unused, {timeline.EOF, true, timeline.RetryFailed, timeline.Broken}, {cause: timeline.EOF, end: timeline.Broken}}, requests: 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, tt.script)
			cfg := to(dialer(server.addr))
			cfg.Method = tt.method
			s := newSingle(t, "keepalive", cfg)
			for i := range tt.want {
				s.attempt()
				if i == 0 && tt.ends {
					arrived(t, s.idle())
				}
			}
			if got := outcomes(s.end()); !slices.Equal(got, tt.want) {
				t.Errorf("\ngot  %+v\nwant %+v", got, tt.want)
			}
			want := cmp.Or(tt.requests, len(tt.want))
			if _, requests := server.seen(); len(requests) != want {
				t.Errorf("the server saw %d requests, want %d", len(requests), want)
			}
		})
	}
}

// TestKeepaliveEndAtStop: the last attempt of a connection is recorded at Stop,
// with the end it had by then.
func TestKeepaliveEndAtStop(t *testing.T) {
	for name, tt := range map[string]struct {
		then func(*peer)
		want timeline.End
	}{
		"fin":   {func(*peer) {}, timeline.FIN},
		"reset": {(*peer).reset, timeline.Broken},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(_ int, p *peer) { p.read(); p.write(page); tt.then(p) })
			s := newSingle(t, "keepalive", to(dialer(server.addr)))
			s.attempt()
			if early := s.rec.all(); len(early) != 0 {
				t.Errorf("recorded before its connection's fate was known: %+v", early)
			}
			arrived(t, s.idle())
			a := only(t, s)
			if a.Dropped() || a.End != tt.want || a.EndedConn < a.Ended {
				t.Errorf("cause %q, end %q at %v; want no cause, end %q after %v", a.Cause, a.End, a.EndedConn, tt.want, a.Ended)
			}
		})
	}
}

// TestKeepaliveOldDeadline: the deadline of one attempt doesn't end the idle
// connection it leaves behind.
func TestKeepaliveOldDeadline(t *testing.T) {
	server := serve(t, func(_ int, p *peer) { p.answerAll() })
	s := newSingle(t, "keepalive", to(dialer(server.addr)))
	s.attempt()
	if err := s.idle().net.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	s.attempt()
	if got, want := outcomes(s.end()), []outcome{unused, reused}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestKeepaliveAdditional: when every connection is busy one more is opened,
// and the set shrinks again afterwards.
func TestKeepaliveAdditional(t *testing.T) {
	release := make(chan struct{})
	server := serve(t, func(_ int, p *peer) {
		for p.read() {
			<-release
			p.write(page)
		}
	})
	cfg := to(dialer(server.addr))
	cfg.Limits.Connections, cfg.Limits.Underway = 2, 5
	s := newSingle(t, "keepalive", cfg)
	k := s.kept()
	for range 6 { // one more than may be under way
		k.start(0, s.env.Clock.Now())
	}
	eventually(t, func() bool { n, _ := server.seen(); return n == 5 })
	close(release)
	s.attempts.Wait()
	if len(k.idle) != 2 || k.live != 2 {
		t.Errorf("%d connections are idle, %d counted; want 2", len(k.idle), k.live)
	}
	s.attempt()
	all := s.end()
	if len(all) != 7 {
		t.Fatalf("%d attempts recorded, want 7", len(all))
	}
	drops := s.rec.drops()
	if len(drops) != 1 || drops[0].Cause != timeline.Timeout || drops[0].Started != timeline.Never || drops[0].Detail != "not started: 5 attempts are in progress" ||
		drops[0].Phase != "" || drops[0].Class != timeline.ClassTimedOut {
		t.Errorf("drops %+v, want the one that could not start", drops)
	}
}

func outcomes(attempts []timeline.Attempt) []outcome {
	slices.SortFunc(attempts, func(a, b timeline.Attempt) int { return int(a.Scheduled - b.Scheduled) })
	var all []outcome
	for _, a := range attempts {
		all = append(all, outcome{a.Cause, a.Reused, a.Retry, a.End})
	}
	return all
}

// arrived waits until something new is received on a connection: bytes (which
// may have arrived together with the response before), a FIN or a RST.
func arrived(t *testing.T, c *conn) {
	t.Helper()
	eventually(t, func() bool { return c.session.Idle() != engine.Open })
}
