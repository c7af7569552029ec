package lameduck

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A fault is what one method of the program's own code does, from some moment on.
type fault struct {
	method, does string
	active       atomic.Bool
	hits         atomic.Int64
	release      chan struct{} // ends what blocks
}

var errInjected = errors.New("injected")

// in is called by each method.
func (f *fault) in(method string) error {
	if method != f.method || !f.active.Load() {
		return nil
	}
	f.hits.Add(1)
	switch f.does {
	case "blocks":
		<-f.release
	case "panics":
		panic(errInjected)
	}
	return errInjected
}

type faultyListener struct {
	*memListener
	*fault
}

func newFaultyListener(f *fault) *faultyListener {
	return &faultyListener{memListener: newMemListener(), fault: f}
}

func (l *faultyListener) Accept() (net.Conn, error) {
	if err := l.in("Listener.Accept"); err != nil {
		return nil, err
	}
	c, err := l.memListener.Accept()
	if err != nil {
		return nil, err
	}
	return &faultyConn{c, l.fault}, nil
}

func (l *faultyListener) Close() error {
	if err := l.in("Listener.Close"); err != nil {
		return err
	}
	return l.memListener.Close()
}

// SetDeadline is one that Accept of memListener does not mind: Close must follow.
func (l *faultyListener) SetDeadline(time.Time) error {
	return l.in("Listener.SetDeadline")
}

func (l *faultyListener) Addr() net.Addr {
	l.in("Listener.Addr")
	return l.memListener.Addr()
}

type faultyConn struct {
	net.Conn
	*fault
}

func (c *faultyConn) Read(b []byte) (int, error) {
	if err := c.in("Conn.Read"); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *faultyConn) Write(b []byte) (int, error) {
	if err := c.in("Conn.Write"); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *faultyConn) Close() error {
	if err := c.in("Conn.Close"); err != nil {
		return err
	}
	return c.Conn.Close()
}

func (c *faultyConn) RemoteAddr() net.Addr {
	if c.in("Conn.RemoteAddr") != nil {
		return nil
	}
	return c.Conn.RemoteAddr()
}

func (c *faultyConn) SetDeadline(t time.Time) error {
	if err := c.in("Conn.SetDeadline"); err != nil {
		return err
	}
	return c.Conn.SetDeadline(t)
}

func (c *faultyConn) SetReadDeadline(t time.Time) error {
	if err := c.in("Conn.SetReadDeadline"); err != nil {
		return err
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *faultyConn) SetWriteDeadline(t time.Time) error {
	if err := c.in("Conn.SetWriteDeadline"); err != nil {
		return err
	}
	return c.Conn.SetWriteDeadline(t)
}

type faultyLog struct {
	slog.Handler
	*fault
}

func (l faultyLog) Enabled(ctx context.Context, level slog.Level) bool {
	l.in("Log.Enabled")
	return l.Handler.Enabled(ctx, level)
}

func (l faultyLog) Handle(ctx context.Context, r slog.Record) error {
	if err := l.in("Log.Handle"); err != nil {
		return err
	}
	return l.Handler.Handle(ctx, r)
}

// A faultyGRPC is a gRPC server, and its health server.
type faultyGRPC struct{ *fault }

func (s faultyGRPC) Serve(l net.Listener) error {
	for {
		if _, err := l.Accept(); err != nil {
			return err
		}
	}
}

func (s faultyGRPC) GracefulStop() { s.in("GRPC.GracefulStop") }
func (s faultyGRPC) Stop()         { s.in("GRPC.Stop") }
func (s faultyGRPC) Shutdown()     { s.in("Health.Shutdown") }
func (s faultyGRPC) Resume()       { s.in("Health.Resume") }

var methods = []string{
	"Listener.Accept", "Listener.Close", "Listener.SetDeadline", "Listener.Addr",
	"Conn.Read", "Conn.Write", "Conn.Close", "Conn.RemoteAddr", "Conn.SetDeadline", "Conn.SetReadDeadline", "Conn.SetWriteDeadline",
	"Log.Enabled", "Log.Handle", "GRPC.GracefulStop", "GRPC.Stop", "Health.Shutdown", "Health.Resume", "Observe",
}

// moments are when a fault begins: negative before Run, else after T0.
var faultsBegin = map[string]time.Duration{
	"serving": -1, "lame duck": 0, "finishing": 9900 * time.Millisecond, "cut": 26900 * time.Millisecond,
}

// Whatever the program's own code does, and whenever: Run returns within Grace, the
// closers have run, and what has nothing to do with that code is served.
func TestTheProgramsCodeDoesNotStopTheTermination(t *testing.T) {
	for _, method := range methods {
		for _, does := range []string{"blocks", "panics", "fails"} {
			for phase, begin := range faultsBegin {
				t.Run(fmt.Sprintf("%s %s/%s", method, does, phase), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						terminateWith(t, &fault{method: method, does: does, release: make(chan struct{})}, begin)
					})
				})
			}
		}
	}
}

// terminateWith runs a Process with one server that has no fault, and others with f.
func terminateWith(t *testing.T, f *fault, begin time.Duration) {
	f.active.Store(begin < 0)
	p := &Process{FailReadiness: true, Observe: func(Status) { f.in("Observe") }}
	p.Log = slog.New(faultyLog{slog.NewTextHandler(t.Output(), nil), f})
	flushed := false
	p.AddCloser("flush", func(ctx context.Context) error { flushed = ctx.Err() == nil; return nil })
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			time.Sleep(12 * time.Second)
			w.Header().Set("Connection", "close")
		case "/stuck":
			<-r.Context().Done()
		}
	})
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	faulty, raw, grpc := newFaultyListener(f), newFaultyListener(f), newFaultyListener(f)
	if !crashesNetHTTP(f) {
		p.AddHTTP(&http.Server{Handler: serve, ErrorLog: quiet}, faulty)
	}
	p.AddConn(raw, func(ctx context.Context, c net.Conn) { io.Copy(io.Discard, c) })
	p.AddGRPC(faultyGRPC{f}, faultyGRPC{f}, grpc)
	x := startServer(t, p, &http.Server{Handler: serve})
	t.Cleanup(func() { // what the fault has left open
		close(f.release)
		for _, l := range []*faultyListener{faulty, raw, grpc} {
			l.memListener.Close()
		}
		synctest.Wait()
	})
	answered := make(chan error, 1)
	c := x.mustDial()
	dialFaulty(t, faulty, "", "GET / HTTP/1.1\r\nHost: test\r\n\r\n", "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n", "GET /stuck HTTP/1.1\r\nHost: test\r\n\r\n")
	dialFaulty(t, raw, "", "hello")
	dialFaulty(t, grpc, "")
	synctest.Wait()
	go func() {
		_, err := c.get("/slow")
		answered <- err
	}()
	synctest.Wait()
	x.terminate()
	time.Sleep(max(0, begin))
	f.active.Store(true)
	select {
	case <-x.ended:
	case <-time.After(time.Hour):
		t.Fatalf("Run has not returned an hour after T0")
	}
	if took := time.Since(x.t0); took > 30*time.Second || !flushed {
		t.Errorf("ended %v after T0, flushed: %v", took, flushed)
	}
	if err := <-answered; err != nil {
		t.Errorf("a request at the server that has no fault: %v", err)
	}
}

// crashesNetHTTP reports whether a bare http.Server ends the process at f.
func crashesNetHTTP(f *fault) bool {
	return f.does == "panics" && (f.method == "Conn.Write" || f.method == "Conn.Close" || f.method == "Conn.RemoteAddr")
}

// dialFaulty makes a connection for each of what is sent. It may not be accepted.
func dialFaulty(t *testing.T, l *faultyListener, send ...string) {
	for _, text := range send {
		server, nc := net.Pipe()
		t.Cleanup(func() { nc.Close(); server.Close() })
		go func() {
			select {
			case l.conns <- server:
				io.WriteString(nc, text)
				io.Copy(io.Discard, bufio.NewReader(nc))
			case <-l.done:
			case <-l.release:
			}
		}()
	}
}
