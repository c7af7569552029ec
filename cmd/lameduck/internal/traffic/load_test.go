package traffic

import (
	"context"
	"net"
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
	cfg.Rate = 500
	cfg.Control = true
	cfg.trickle = 20 * time.Millisecond
	l := Start(t.Context(), cfg)
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
	cfg.Patterns = named("new", "keepalive")
	cfg.Rate = 1000
	cfg.Timeout = time.Minute
	l := Start(t.Context(), cfg)
	eventually(t, func() bool { _, requests := server.seen(); return len(requests) >= 100 })
	if early := rec.all(); len(early) != 0 {
		t.Errorf("recorded before an answer: %+v", early[0])
	}
	l.halt()
	l.pacers.Wait()
	released := l.cfg.Clock.Now()
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
	for _, p := range cfg.Patterns {
		checkStalled(t, all, p, cfg.Rate)
	}
}

func checkStalled(t *testing.T, all []timeline.Attempt, p Pattern, rate int) {
	t.Helper()
	seen := map[uint64]bool{}
	var moments []time.Duration
	for _, a := range all {
		if a.Pattern == p.Name {
			seen[a.Conn] = true
			moments = append(moments, a.Scheduled)
		}
	}
	slices.Sort(moments)
	if len(seen) != len(moments) {
		t.Errorf("%s: %d attempts on %d connections, want one each", p.Name, len(moments), len(seen))
	}
	if want := moments[0] + due(int64(len(moments)-1), rate); moments[len(moments)-1] != want {
		t.Errorf("%s: attempts are missing: the last was due at %v, want %v", p.Name, moments[len(moments)-1], want)
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
	cfg.Patterns = named("keepalive", "slow")
	cfg.Rate = 100
	cfg.Timeout = time.Hour
	l := Start(ctx, cfg)
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
			s := newSingle(t, p.Name, Config{Dial: []Dialer{dial, dial, dial}, Nodes: []string{"a", "b", "c"}, Connections: 6, trickle: time.Millisecond})
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
				t.Errorf("nodes %s, want %s", &nodes, want)
			}
		})
	}
}

// TestRequest is what the server gets to read.
func TestRequest(t *testing.T) {
	const common = " /x?y HTTP/1.1\r\nHost: shop\r\nUser-Agent: lameduck\r\nAccept: */*\r\n"
	for _, tt := range []struct {
		method string
		final  bool
		want   string
	}{
		{"GET", false, "GET" + common + "\r\n"},
		{"GET", true, "GET" + common + "Connection: close\r\n\r\n"},
		{"POST", false, "POST" + common + "Content-Length: 0\r\n\r\n"},
	} {
		r := newRequest(Config{Method: tt.method, Path: "/x?y", Host: "shop"}, tt.final)
		if string(r.bytes) != tt.want {
			t.Errorf("%q, want %q", r.bytes, tt.want)
		}
	}
}

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
			server := serve(t, func(_ int, p *peer) { tt.script(p) })
			s := newSingle(t, "slow", Config{Dial: []Dialer{dialer(server.addr)}, trickle: trickle})
			s.attempt()
			a := only(t, s)
			if a.Status != tt.status || a.Cause != tt.cause || (a.Sent != timeline.Never) != tt.sent || a.Phase != tt.phase {
				t.Errorf("status %d, cause %q, sent %v, phase %q; want %d, %q, sent: %v, %q", a.Status, a.Cause, a.Sent, a.Phase, tt.status, tt.cause, tt.sent, tt.phase)
			}
			if tt.sent && a.Sent-a.Started < trickle {
				t.Errorf("sent within %v, want %v at least", a.Sent-a.Started, trickle)
			}
		})
	}
}

// writes notes what is written to a connection.
type writes struct {
	net.Conn
	all []string
}

func (w *writes) Write(p []byte) (int, error) {
	w.all = append(w.all, string(p))
	return w.Conn.Write(p)
}

// TestSlowPieces: no piece is sent before the server's kernel has acknowledged
// the one before, and together they are the request.
func TestSlowPieces(t *testing.T) {
	server := serve(t, func(_ int, p *peer) { p.read(); p.write(page) })
	var w *writes
	dial := func(ctx context.Context) (net.Conn, string, error) {
		nc, pod, err := dialer(server.addr)(ctx)
		w = &writes{Conn: nc}
		return w, pod, err
	}
	asked := 0
	s := newSingle(t, "slow", Config{Dial: []Dialer{dial}, trickle: 40 * time.Millisecond, unacked: func(net.Conn) int {
		if asked++; asked > 1 && asked < 6 {
			return 1
		}
		return 0
	}})
	s.attempt()
	if a := only(t, s); a.Dropped() {
		t.Errorf("%+v", a)
	}
	request := string(newRequest(Config{Method: "GET", Path: "/", Host: "localhost"}, false).bytes)
	if all := strings.Join(w.all, ""); all != request {
		t.Errorf("sent %q, want %q", all, request)
	}
	n := len(request)
	if len(w.all) != pieces-4 || len(w.all[0]) != n/pieces || len(w.all[1]) != n*6/pieces-n/pieces {
		t.Errorf("sent as %q, want 4 pieces held back after the first", w.all)
	}
}

// TestSlowUnacked: a server on a host that does not answer does not hold slow
// up for longer than the time-out of a response.
func TestSlowUnacked(t *testing.T) {
	server := serve(t, func(_ int, p *peer) { p.waitForClient() })
	s := newSingle(t, "slow", Config{
		Dial: []Dialer{dialer(server.addr)}, trickle: 10 * time.Millisecond, Timeout: 50 * time.Millisecond,
		unacked: func(net.Conn) int { return 1 },
	})
	s.attempt()
	if a := only(t, s); a.Cause != timeline.Timeout || a.Detail != "read: i/o timeout" {
		t.Errorf("%+v, want a time-out of the read", a)
	}
}

// TestControlServer: every pattern is served by it, until it is closed.
func TestControlServer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var server ControlServer
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	rec := &recorder{}
	cfg := rec.config(ln.Addr().String())
	cfg.trickle = 10 * time.Millisecond
	l := Start(t.Context(), cfg)
	rec.waitFor(t, 20)
	l.Stop()
	for _, a := range rec.all() {
		if a.Dropped() || a.Status != 200 {
			t.Errorf("%+v", a)
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestPeekers: the portable peeker of a connection sees what the direct one
// sees.
func TestPeekers(t *testing.T) {
	for name, peeker := range map[string]func(net.Conn) peeker{
		"socket":   newPeeker,
		"deadline": func(nc net.Conn) peeker { return deadlinePeeker{nc} },
	} {
		t.Run(name, func(t *testing.T) {
			next := make(chan struct{})
			server := serve(t, func(_ int, p *peer) { <-next; p.write("x"); <-next })
			nc, err := net.Dial("tcp", server.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			c := newConn(nc, "", "")
			c.peeker = peeker(nc)
			if !c.peek() {
				t.Error("an idle connection seems to have data")
			}
			next <- struct{}{}
			eventually(t, func() bool { return !c.peek() })
			if c.in.buffered() != 1 || c.failed != nil {
				t.Errorf("%d bytes, %v; want the one that was sent", c.in.buffered(), c.failed)
			}
			c.in.r = c.in.w
			next <- struct{}{}
			eventually(t, func() bool { return !c.peek() })
			if end := c.closeReason(); end != timeline.FIN {
				t.Errorf("it ended %q, want fin", end)
			}
		})
	}
}
