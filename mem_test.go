package lameduck

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memListener is a listener in memory, for bubbles of synctest: a goroutine
// that waits in the kernel would keep fake time from passing.
type memListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemListener() *memListener {
	return &memListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *memListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

var errRefused = errors.New("refused")

// trial is a Process that runs in a bubble, and its clients' view of it.
type trial struct {
	*Process
	t      *testing.T
	l      *memListener
	cancel context.CancelCauseFunc
	t0     time.Time
	ended  chan error
}

// start runs p with one server for h. The clocks are those of p, and its log,
// if it has one.
func start(t *testing.T, p *Process, h http.HandlerFunc) *trial {
	return startServer(t, p, &http.Server{Handler: h})
}

func startServer(t *testing.T, p *Process, srv *http.Server) *trial {
	return startWith(t, p, func(l net.Listener) {
		srv.ErrorLog = slog.NewLogLogger(p.Log.Handler(), slog.LevelWarn)
		p.AddHTTP(srv, l)
	})
}

// startConn runs p with a server of raw connections.
func startConn(t *testing.T, p *Process, serve func(context.Context, net.Conn)) *trial {
	return startWith(t, p, func(l net.Listener) { p.AddConn(l, serve) })
}

// startWith runs p with what add adds.
func startWith(t *testing.T, p *Process, add func(net.Listener)) *trial {
	p.Log = cmp.Or(p.Log, slog.New(slog.NewTextHandler(t.Output(), nil)))
	p.TerminationLog = cmp.Or(p.TerminationLog, os.DevNull) // this test may run in a pod
	x := &trial{Process: p, t: t, l: newMemListener(), ended: make(chan error, 1)}
	add(x.l)
	ctx, cancel := context.WithCancelCause(t.Context())
	x.cancel = cancel
	go func() { x.ended <- p.Run(ctx) }()
	synctest.Wait()
	return x
}

// terminate is T0.
func (x *trial) terminate() {
	x.t0 = time.Now()
	x.cancel(errors.New("test"))
	synctest.Wait()
}

// end waits for the end of Run and returns when after T0 that was.
func (x *trial) end() (time.Duration, error) {
	err := <-x.ended
	synctest.Wait() // for clients that read on
	return time.Since(x.t0), err
}

// endsAt fails the test unless Run ends without an error between at and a
// little later: net/http and the pacing of closes take some milliseconds.
func (x *trial) endsAt(at time.Duration) {
	x.t.Helper()
	took, err := x.end()
	if err != nil {
		x.t.Errorf("Run: %v", err)
	}
	if took < at || took > at+100*time.Millisecond {
		x.t.Errorf("ended %v after T0, want %v", took, at)
	}
}

// client is one connection of a client.
type client struct {
	net.Conn
	r *bufio.Reader
}

func (x *trial) dial() (*client, error) {
	server, c := net.Pipe()
	select {
	case x.l.conns <- server:
		return &client{c, bufio.NewReader(c)}, nil
	case <-x.l.done:
		return nil, errRefused
	}
}

func (x *trial) mustDial() *client {
	x.t.Helper()
	c, err := x.dial()
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { c.Close() })
	return c
}

// everySecond makes a new connection a second, in the background, until
// no listener is left.
func (x *trial) everySecond(do func(*client)) {
	go func() {
		for {
			c, err := x.dial()
			if err != nil {
				return
			}
			do(c)
			c.Close()
			time.Sleep(time.Second)
		}
	}()
	x.t.Cleanup(func() { time.Sleep(2 * time.Second) })
}

// get sends a request and reads the answer whole. It writes the request at once: of a server that refuses its first bytes, what it
// answers would be lost with the reset that the next ones cause.
func (c *client) get(path string, header ...string) (*http.Response, error) {
	lines := append([]string{fmt.Sprintf("GET %s HTTP/1.1", path), "Host: test"}, header...)
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		return nil, err
	}
	return c.answer()
}

func (c *client) answer() (*http.Response, error) {
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res, err
}

func (x *trial) mustGet(c *client, path string, header ...string) *http.Response {
	x.t.Helper()
	res, err := c.get(path, header...)
	if err != nil { // it may be another goroutine than the test's: no Fatal
		x.t.Errorf("GET %s, %v after T0: %v", path, time.Since(x.t0), err)
		return &http.Response{}
	}
	return res
}

func ok(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }
