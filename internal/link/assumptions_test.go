package link

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// The rows of the table in assumptions.go, each by net/http alone.

func TestCheck(t *testing.T) {
	if err := check(); err != nil {
		t.Error(err)
	}
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		if err := check(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestChecksLeaveNoTimer: a timer of a pipe would hold it until it fires, and meanwhile the
// scheduler would look at the clock each time it takes a goroutine.
func TestChecksLeaveNoTimer(t *testing.T) {
	for name, check := range map[string]func(server, client net.Conn){
		"exchange":     func(server, client net.Conn) { exchange(server, client) },
		"answersHTTP2": func(server, client net.Conn) { answersHTTP2(server, client) },
	} {
		collected := make(chan struct{})
		func() {
			server, client := net.Pipe()
			runtime.SetFinalizer(client, func(net.Conn) { close(collected) })
			check(server, client)
		}()
		if !collectedWithin(checkWithin/2, collected) {
			t.Errorf("%s: its connection is still held, by a timer or a goroutine", name)
		}
	}
}

func collectedWithin(limit time.Duration, collected chan struct{}) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		runtime.GC()
		select {
		case <-collected:
			return true
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

// did is what of an exchange begins with one of these words.
func did(t *testing.T, words ...string) string {
	text, err := exchange(net.Pipe())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(slices.DeleteFunc(strings.Split(text, ", "), func(what string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(what, word) })
	}), ", ")
}

func TestRow1SizeOfReads(t *testing.T) {
	if got := did(t, "read"); got != "read all, read part, read all, read all" {
		t.Error(got)
	}
}

func TestRow2DeadlinesBeforeARead(t *testing.T) {
	if got := did(t, "deadline"); got != "deadlines, deadlines, deadline" {
		t.Error(got)
	}
}

func TestRow3OrderOfStates(t *testing.T) {
	const each = "active, head, idle, deadline"
	if got := did(t, "active", "head", "write", "idle", "deadline"); got != each+"s, "+each+"s, "+each {
		t.Error(got)
	}
}

// A talker is the server's side of a pipe, which notes what is written, how much is
// read, and which read deadlines are set.
type talker struct {
	net.Conn
	mu    sync.Mutex
	wrote []string
	reads []int
	past  int // deadlines that were over when they were set
}

func (c *talker) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.wrote = append(c.wrote, string(b))
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *talker) Read(b []byte) (int, error) {
	c.mu.Lock()
	c.reads = append(c.reads, len(b))
	c.mu.Unlock()
	return c.Conn.Read(b)
}

func (c *talker) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	if !t.IsZero() && t.Before(time.Now()) {
		c.past++
	}
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

// serve has net/http serve one connection, which as makes of it, and returns the
// client's side.
func serve(t *testing.T, srv *http.Server, as func(*talker) net.Conn) (*talker, net.Conn) {
	server, client := net.Pipe()
	c := &talker{Conn: server}
	var nc net.Conn = c
	if as != nil {
		nc = as(c)
	}
	srv.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	srv.Serve(&single{nc})
	client.SetDeadline(time.Now().Add(time.Minute)) // of a test that hangs
	t.Cleanup(func() { client.Close() })
	return c, client
}

func clearHTTP2() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

func TestRow4HeadIsOneWrite(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"body":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "body") },
		"chunks": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "body")
			w.(http.Flusher).Flush()
		},
		"head of 3 KiB":  func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Long", strings.Repeat("x", 3<<10)) },
		"after a 1xx":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusEarlyHints) },
		"keep-alive set": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "keep-alive") },
	} {
		t.Run(name, func(t *testing.T) {
			c, client := serve(t, &http.Server{Handler: handle}, nil)
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
			io.Copy(io.Discard, client)
			informed := name == "after a 1xx"
			if informed {
				if first := c.wrote[0]; !strings.HasPrefix(first, "HTTP/1.1 103 ") || !strings.HasSuffix(first, "\r\n\r\n") {
					t.Errorf("the first Write: %q", first)
				}
				c.wrote = c.wrote[1:]
			}
			head, _, whole := strings.Cut(c.wrote[0], "\r\n\r\n")
			if !strings.HasPrefix(head, "HTTP/1.1 200 ") || !whole {
				t.Errorf("the head: %q, whole %v", head, whole)
			}
			if strings.Count(head, "\r\nConnection: ") > 1 {
				t.Errorf("the head: %q", head)
			}
		})
	}
}

func TestRow5BackgroundRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, client := serve(t, &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })}, nil)
		io.WriteString(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		synctest.Wait()
		if last := c.reads[len(c.reads)-1]; last != 1 || c.past != 0 {
			t.Errorf("reads %v, %d deadlines in the past, while a handler is at work", c.reads, c.past)
		}
		if err := readHead(bufio.NewReader(client)); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if last := c.reads[len(c.reads)-1]; last != int(defaultBufferSize) || c.past != 1 {
			t.Errorf("reads %v, %d deadlines in the past, when it has returned", c.reads, c.past)
		}
		client.Close()
	})
}

func TestRow6ConnectionState(t *testing.T) {
	var seen *tls.ConnectionState
	srv := &http.Server{Protocols: clearHTTP2(), Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.TLS })}
	c, client := serve(t, srv, func(c *talker) net.Conn {
		return struct {
			net.Conn
			connectionState
		}{c, connectionState{}}
	})
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
	io.Copy(io.Discard, client)
	if seen == nil || seen.ServerName != "test" || c.reads[0] != int(defaultBufferSize) {
		t.Errorf("Request.TLS %v, reads %v", seen, c.reads)
	}
}

type connectionState struct{}

func (connectionState) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{ServerName: "test"}
}

func TestRow7HTTP2WithoutTLS(t *testing.T) {
	if !hasHTTP2(new(http.Server)) {
		t.Error("net/http has no HTTP/2")
	}
	t.Setenv("GODEBUG", "http2server=0")
	if hasHTTP2(new(http.Server)) {
		t.Error("net/http has HTTP/2, which is switched off")
	}
}

// emptySettings is a SETTINGS frame without a setting.
var emptySettings = []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}

// openHTTP2 begins HTTP/2, and returns what the server sends.
func openHTTP2(t *testing.T, client net.Conn) *bufio.Reader {
	t.Helper()
	go client.Write(slices.Concat([]byte(wire.Preface), emptySettings))
	return bufio.NewReader(client)
}

// nextFrame is the type, flags and payload of a frame.
func nextFrame(in io.Reader) (kind, flags byte, payload []byte, err error) {
	head := make([]byte, 9)
	if _, err = io.ReadFull(in, head); err != nil {
		return 0, 0, nil, err
	}
	payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err = io.ReadFull(in, payload)
	return head[3], head[4], payload, err
}

func TestRow8TLSOfARequest(t *testing.T) {
	set := new(tls.ConnectionState)
	var seen *tls.ConnectionState
	next := func(_ http.ResponseWriter, r *http.Request) { seen = r.TLS }
	_, client := serve(t, &http.Server{Protocols: clearHTTP2(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = set
		next(w, r)
	})}, nil)
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: only, DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
	res, err := tr.RoundTrip(must(http.NewRequest("GET", "http://test/", nil)))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if tr.CloseIdleConnections(); seen != set {
		t.Errorf("Request.TLS is %v", seen)
	}
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

func TestRow9Frames(t *testing.T) {
	c, client := serve(t, &http.Server{Protocols: clearHTTP2(), Handler: http.NotFoundHandler()}, nil)
	in := openHTTP2(t, client)
	if kind, flags, _, err := nextFrame(in); kind != 4 || flags != 0 || err != nil {
		t.Errorf("the first frame has type %d, flags %d, %v, want SETTINGS", kind, flags, err)
	}
	ping := func(flags byte) []byte {
		return []byte{0, 0, 8, 6, flags, 0, 0, 0, 0, 'l', 'a', 'm', 'e', 'd', 'u', 'c', 'k'}
	}
	go client.Write(slices.Concat(ping(1), ping(0))) // the answer to none of its own, and a question
	for {
		kind, flags, payload, err := nextFrame(in)
		if err != nil || kind == 7 {
			t.Fatalf("a frame of type %d with %x, %v", kind, payload, err)
		}
		if kind == 6 && flags == 1 {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var frames wire.Conn
	for _, written := range c.wrote {
		frames.Sent([]byte(written))
	}
	if !frames.AtBoundary() {
		t.Errorf("what was written does not end with a frame: %x", c.wrote)
	}
}

func TestRow10BaseContext(t *testing.T) {
	var order []string
	srv := &http.Server{BaseContext: func(net.Listener) context.Context {
		order = append(order, "BaseContext")
		return context.Background()
	}}
	srv.Serve(&failing{accept: func(int) error {
		order = append(order, "Accept")
		return net.ErrClosed
	}})
	if !slices.Equal(order, []string{"BaseContext", "Accept"}) {
		t.Error(order)
	}
}

// A failing listener accepts nothing.
type failing struct {
	accept func(times int) error
	times  int
}

func (l *failing) Accept() (net.Conn, error) {
	l.times++
	return nil, l.accept(l.times)
}
func (l *failing) Close() error   { return nil }
func (l *failing) Addr() net.Addr { return &net.TCPAddr{} }

func TestRow11TemporaryErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last, longest := time.Now(), time.Duration(0)
		srv := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
		srv.Serve(&failing{accept: func(times int) error {
			longest, last = max(longest, time.Since(last)), time.Now()
			if times == 20 {
				return net.ErrClosed
			}
			return &net.OpError{Op: "accept", Err: syscall.EMFILE}
		}})
		if longest != time.Second {
			t.Errorf("it waits for up to %v, want 1s", longest)
		}
	})
}

func TestRow12Shutdown(t *testing.T) {
	begun, release, hooked := make(chan struct{}), make(chan struct{}), make(chan struct{})
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(begun)
		<-release
	})}
	srv.RegisterOnShutdown(func() { close(hooked) })
	_, client := serve(t, srv, nil)
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
	<-begun
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := srv.Shutdown(over); err != context.Canceled {
		t.Errorf("Shutdown: %v", err)
	}
	<-hooked
	close(release)
	if err := readHead(bufio.NewReader(client)); err != nil {
		t.Errorf("the request at hand: %v", err)
	}
}

func TestRow13Names(t *testing.T) {
	if got := fmt.Sprintf("%T", tls.NewListener(&failing{}, new(tls.Config))); got != "*tls.listener" {
		t.Errorf("a listener of tls.NewListener is a %s", got)
	}
	stack := make([]byte, 100)
	if stack = stack[:runtime.Stack(stack, false)]; !strings.HasPrefix(string(stack), "goroutine ") || !strings.Contains(string(stack), " [running]:\n") {
		t.Errorf("a stack begins with %q", stack)
	}
}
