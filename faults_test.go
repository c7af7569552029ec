package lameduck

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// A wholeConn is a faultyConn with the methods that a socket has beside those of net.Conn.
type wholeConn struct{ *faultyConn }

func (c wholeConn) LocalAddr() net.Addr {
	if c.in("Conn.LocalAddr") != nil {
		return nil
	}
	return c.Conn.LocalAddr()
}

// SetReadDeadline does not block where net/http calls it with a mutex locked: while another
// goroutine waits for that, no time passes in a bubble.
func (c wholeConn) SetReadDeadline(t time.Time) error {
	if c.method == "Conn.SetReadDeadline" && c.does == "blocks" && strings.Contains(string(debug.Stack()), "abortPendingRead") {
		return c.Conn.SetReadDeadline(t)
	}
	return c.faultyConn.SetReadDeadline(t)
}

func (c wholeConn) CloseWrite() error { return c.in("Conn.CloseWrite") }

func (c wholeConn) SyscallConn() (syscall.RawConn, error) {
	if err := c.in("Conn.SyscallConn"); err != nil {
		return nil, err
	}
	return nil, errors.ErrUnsupported
}

func (c wholeConn) ReadFrom(r io.Reader) (int64, error) {
	if err := c.in("Conn.ReadFrom"); err != nil {
		return 0, err
	}
	return io.Copy(struct{ io.Writer }{c.faultyConn}, r)
}

// A wholeListener hands out wholeConns. If it has a deadline Accept minds it.
type wholeListener struct {
	*faultyListener
	mu       sync.Mutex
	deadline chan struct{} // closed when it is past
}

func newWholeListener(f *fault) *wholeListener {
	return &wholeListener{faultyListener: newFaultyListener(f), deadline: make(chan struct{})}
}

func (l *wholeListener) Accept() (net.Conn, error) {
	if err := l.in("Listener.Accept"); err != nil {
		return nil, err
	}
	if l.method == "Listener.Addr" && l.active.Load() {
		return nil, errInjected // its address is in the error
	}
	l.mu.Lock()
	past := l.deadline
	l.mu.Unlock()
	select {
	case c := <-l.conns:
		return wholeConn{&faultyConn{c, l.fault}}, nil
	case <-past:
		return nil, errors.New("the deadline is past")
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *wholeListener) SetDeadline(t time.Time) error {
	if err := l.in("Listener.SetDeadline"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if isClosed(l.deadline) {
		l.deadline = make(chan struct{})
	}
	past := l.deadline
	time.AfterFunc(max(0, time.Until(t)), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !isClosed(past) {
			close(past)
		}
	})
	return nil
}

// The phases of a termination in which a fault begins, and when after T0; "closers"
// begins it itself.
var faultPhases = map[string]time.Duration{
	"serving": -1, "lame duck": time.Second, "closing": 10 * time.Second, "finishing": 11 * time.Second, "cut": 26900 * time.Millisecond, "closers": time.Hour,
}

// What the program gives a Process beside listeners and connections.
var callbacks = []string{"Handler", "ConnState", "ConnContext", "BaseContext", "ErrorLog", "RegisterOnShutdown", "AddConn", "Worker", "Closer", "GetCertificate"}

var wholeMethods = []string{"Conn.LocalAddr", "Conn.CloseWrite", "Conn.SyscallConn", "Conn.ReadFrom"}

// A faults counts what the cases have met.
type faults struct {
	mu   sync.Mutex
	hits map[string]int64 // by method and what it does
}

// Each method and each callback of the program's, each way, in each phase: Run returns
// within Grace, the closers have run, what has no fault is served, and the error has what
// was cut and what failed. With -short each way of each method is tried in one phase.
//
// Each bubble has one processor: with more, the timers of one bubble that fire
// at the same moment can run at the same time with one context of the race
// detector, which ends the process (golang/go#78156). Here hundreds do.
func TestFaultsInEveryPhase(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	cert := certificate(t)
	met := faults{hits: map[string]int64{}}
	all := slices.Concat(callbacks, wholeMethods, methods)
	phases := slices.Sorted(maps.Keys(faultPhases))
	for i, method := range all {
		for way, does := range []string{"blocks", "panics", "fails"} {
			tried := phases
			if testing.Short() {
				tried = []string{phases[(i+2*way)%len(phases)]}
			}
			for _, phase := range tried {
				begin := faultPhases[phase]
				t.Run(fmt.Sprintf("%s %s/%s", method, does, phase), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						f := &fault{method: method, does: does, release: make(chan struct{})}
						faultCase(t, f, cert, phase, begin)
						met.mu.Lock()
						defer met.mu.Unlock()
						met.hits[method] += f.hits.Load()
					})
				})
			}
		}
	}
	unmet := []string{
		"Conn.SyscallConn", // is for the program to call
		"Health.Resume",    // is called behind a preStop call that no signal follows
	}
	for _, method := range all {
		if met.hits[method] == 0 && !testing.Short() && !slices.Contains(unmet, method) {
			t.Errorf("no case has met %s", method)
		}
	}
}

// A faultyRun is one Process with a fault, and its clients.
type faultyRun struct {
	*Process
	*fault
	t         *testing.T
	listeners []*wholeListener
	tls       *wholeListener // one of them, with TLS
	cert      tls.Certificate
	mu        sync.Mutex
	closed    []string // closers that were called
}

func (x *faultyRun) noteCloser(name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = append(x.closed, name)
}

func faultCase(t *testing.T, f *fault, cert tls.Certificate, phase string, begin time.Duration) {
	f.active.Store(begin < 0)
	p := &Process{FailReadiness: true, Observe: func(Status) { f.in("Observe") }}
	p.Log = slog.New(faultyLog{slog.NewTextHandler(t.Output(), nil), f})
	run := &faultyRun{Process: p, fault: f, t: t, cert: cert}
	run.addClosers(phase)
	run.addServers()
	x := startServer(t, p, &http.Server{Handler: http.HandlerFunc(run.handle)})
	t.Cleanup(run.release)
	run.clients()
	good := x.mustDial()
	answered := make(chan error, 1)
	go func() {
		_, err := good.get("/slow")
		answered <- err
	}()
	synctest.Wait()
	x.terminate()
	if begin < time.Hour {
		time.Sleep(max(0, begin))
		f.active.Store(true)
	}
	var err error
	select {
	case err = <-x.ended:
	case <-time.After(time.Hour):
		t.Fatalf("Run has not returned an hour after T0")
	}
	if took := time.Since(x.t0); took > 30*time.Second {
		t.Errorf("ended %v after T0", took)
	}
	for i, l := range run.listeners {
		if f.method != "Listener.Close" && !isClosed(l.done) {
			t.Errorf("listener %d was left open", i)
		}
	}
	if got := strings.Join(run.closed, " "); got != "last faulty first" {
		t.Errorf("closers called: %s", got)
	}
	if err := <-answered; err != nil {
		t.Errorf("a request at the server that has no fault: %v", err)
	}
	run.checkError(phase, err)
	synctest.Wait()
}

func (x *faultyRun) release() {
	close(x.fault.release)
	for _, l := range x.listeners {
		l.memListener.Close()
	}
	time.Sleep(time.Minute) // for its goroutines, and those of its clients
}

func (x *faultyRun) addClosers(phase string) {
	x.AddCloser("first", func(context.Context) error { x.noteCloser("first"); return nil })
	x.AddCloser("faulty", func(context.Context) error { x.noteCloser("faulty"); return x.in("Closer") })
	x.AddCloser("last", func(context.Context) error {
		x.noteCloser("last")
		if phase == "closers" {
			x.active.Store(true)
		}
		return nil
	})
	x.AddWorker("faulty", func(ctx context.Context) error {
		for !x.active.Load() {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(100 * time.Millisecond):
			}
		}
		return x.in("Worker")
	})
}

// Write is that of ErrorLog.
func (x *faultyRun) Write(b []byte) (int, error) { return len(b), x.in("ErrorLog") }

func (x *faultyRun) handle(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/slow":
		time.Sleep(12 * time.Second)
		w.Header().Set("Connection", "close")
	case "/stuck":
		<-r.Context().Done()
	case "/faulty":
		if err := x.in("Handler"); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		w.Header().Set("Content-Length", "1000")
		io.Copy(w, struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 1000))}) // by ReadFrom, if the connection has it
	}
}

// addServers adds one of each kind whose listener, connections and callbacks have the
// fault.
func (x *faultyRun) addServers() {
	for _, kind := range []string{"clear", "tls"} {
		srv := &http.Server{Handler: http.HandlerFunc(x.handle)}
		if crashesNetHTTP(x.fault) || x.crashesAsNetHTTP() || x.method == "ErrorLog" && x.does == "blocks" { // a log.Logger locks a mutex, for which time does not pass in a bubble
			continue
		}
		srv.Protocols = protocols(http1, http2, clearHTTP2)
		srv.ErrorLog = log.New(x, "", 0)
		srv.ConnState = func(_ net.Conn, s http.ConnState) {
			if s != http.StateClosed { // that one's panic ends a process with bare net/http
				x.in("ConnState")
			}
		}
		srv.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { x.in("ConnContext"); return ctx }
		srv.BaseContext = func(net.Listener) context.Context { x.in("BaseContext"); return context.Background() }
		srv.RegisterOnShutdown(func() {
			if x.does != "panics" { // as above
				x.in("RegisterOnShutdown")
			}
		})
		if kind == "tls" && !x.concernsTLS() {
			continue
		}
		l := newWholeListener(x.fault)
		x.listeners = append(x.listeners, l)
		if kind == "tls" {
			srv.TLSConfig = &tls.Config{GetCertificate: x.getCertificate}
			x.tls = l
		}
		x.AddHTTP(srv, l)
	}
	raw, grpc := newWholeListener(x.fault), newWholeListener(x.fault)
	x.listeners = append(x.listeners, raw, grpc)
	x.AddConn(raw, func(ctx context.Context, c net.Conn) {
		if x.in("AddConn") == nil {
			io.CopyN(io.Discard, c, 50)
			c.(interface{ CloseWrite() error }).CloseWrite()
			io.Copy(io.Discard, c)
		}
	})
	x.AddGRPC(faultyGRPC{x.fault}, faultyGRPC{x.fault}, grpc)
}

// concernsTLS reports whether the fault is tried with TLS too: handshakes cost processor
// time. tls.Conn.Close calls SetWriteDeadline, and net/http that, where it recovers nothing.
func (x *faultyRun) concernsTLS() bool {
	if x.method == "Conn.SetWriteDeadline" && x.does == "panics" {
		return false
	}
	return x.method == "GetCertificate" || x.method == "ErrorLog" || x.method == "Handler" || strings.HasPrefix(x.method, "Conn.")
}

// crashesAsNetHTTP reports whether a bare http.Server ends the process at the fault, beside
// what crashesNetHTTP has: net/http calls these where it recovers nothing.
func (x *faultyRun) crashesAsNetHTTP() bool {
	return x.does == "panics" && (x.method == "Conn.LocalAddr" || x.method == "Conn.Read" || x.method == "ErrorLog")
}

// clients makes connections all the time, and some that are kept.
func (x *faultyRun) clients() {
	const get, stuck = "GET /faulty HTTP/1.1\r\nHost: test\r\n\r\n", "GET /stuck HTTP/1.1\r\nHost: test\r\n\r\n"
	stream := wire.Preface + string(rawSettings()) + string(rawFrame(typeHeaders, endStream|endHeaders, 1, rawRequest("GET", "/faulty")...))
	for _, l := range x.listeners {
		for _, first := range []string{"", stuck, stream, "GET /fau", nonsense} {
			x.client(l, first, "")
		}
		x.client(l, get, get)
		if l == x.tls && x.method != "GetCertificate" {
			continue // handshakes cost processor time
		}
		go func() {
			for !isClosed(l.done) && !isClosed(x.fault.release) {
				time.Sleep(5 * time.Second)
				x.client(l, get, "")
				if x.method == "ErrorLog" {
					x.client(l, nonsense, "")
				}
			}
		}()
	}
	synctest.Wait()
}

// nonsense is no request. Where the server uses TLS it is sent in clear text, and net/http writes that
// to ErrorLog.
const nonsense = "NONSENSE\r\n\r\n"

// client sends first on a new connection, and each to each second behind it.
func (x *faultyRun) client(l *wholeListener, first, each string) {
	server, nc := net.Pipe()
	go func() {
		defer server.Close()
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(time.Minute))
		select {
		case l.conns <- server:
		case <-time.After(time.Second):
			return
		case <-l.done:
			return
		}
		var nc net.Conn = nc
		if l == x.tls && first != "" && first != nonsense {
			offer := []string{"http/1.1"}
			if strings.HasPrefix(first, wire.Preface) {
				offer = []string{"h2"}
			}
			c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: offer})
			if c.Handshake() != nil { // before there are two goroutines, of which one would wait for a mutex
				return
			}
			nc = c
		}
		go func() {
			io.WriteString(nc, first)
			for each != "" {
				time.Sleep(time.Second)
				if _, err := io.WriteString(nc, each); err != nil {
					return
				}
			}
		}()
		go io.Copy(io.Discard, bufio.NewReader(nc))
		select {
		case <-x.fault.release:
		case <-time.After(time.Minute):
		}
	}()
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// checkError checks that what was cut and what failed is in the error of Run.
func (x *faultyRun) checkError(phase string, err error) {
	x.t.Helper()
	text := fmt.Sprint(err)
	cut, fails := "", ""
	early := phase != "cut" && phase != "closers"
	switch x.method {
	case "Closer":
		cut, fails = `closer "faulty"`, `closer "faulty"`
	case "Worker":
		if early {
			cut, fails = `worker "faulty"`, `worker "faulty"`
		}
	case "AddConn":
		if phase == "serving" || phase == "lame duck" {
			cut = "connection"
		}
	case "Handler":
		if phase == "serving" || phase == "lame duck" {
			cut = "/faulty"
		}
	case "Listener.Accept":
		if phase == "serving" || phase == "lame duck" {
			fails = "listener"
		}
	case "GRPC.GracefulStop":
		if early && phase != "finishing" && phase != "closing" {
			cut = "gRPC server"
		}
	}
	if x.does == "blocks" && cut != "" {
		if work, ok := errors.AsType[*CutError](err); !ok || !strings.Contains(fmt.Sprint(work.Work), strings.ReplaceAll(strings.Fields(cut)[0], `"`, "")) {
			x.t.Errorf("blocked and was cut, and the error is %v", err)
		}
	}
	if x.does != "blocks" && fails != "" && (!strings.Contains(text, fails) || !strings.Contains(text, errInjected.Error())) {
		x.t.Errorf("%s %s, and the error has no %s: %v", x.method, x.does, fails, err)
	}
}

func (x *faultyRun) getCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return &x.cert, x.in("GetCertificate")
}

// A listener whose Accept panics once it is asked to end.
type panicsAtTheEnd struct {
	*memListener
	asked chan struct{}
}

func (l panicsAtTheEnd) Accept() (net.Conn, error)   { <-l.asked; panic(errInjected) }
func (l panicsAtTheEnd) SetDeadline(time.Time) error { close(l.asked); return nil }

func TestPanicOfAcceptAtTheEndIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := panicsAtTheEnd{newMemListener(), make(chan struct{})}
		p := &Process{}
		p.AddConn(l, func(context.Context, net.Conn) {})
		x := start(t, p, ok)
		x.terminate()
		took, err := x.end()
		if took > 11*time.Second || err == nil || !strings.Contains(err.Error(), errInjected.Error()) || errors.Is(err, ErrCut) {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if !isClosed(l.done) {
			t.Error("the listener was left open")
		}
	})
}
