package lameduck

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What a handler does with the connection that it takes over, and whether it is
// lost then: the program has no way left to close it.
var takeOver = map[string]struct {
	keep func(r *http.Request, c net.Conn, rw *bufio.ReadWriter) (kept any)
	lost bool
}{
	"nothing":           {func(*http.Request, net.Conn, *bufio.ReadWriter) any { return nil }, true},
	"the Draining only": {func(r *http.Request, _ net.Conn, _ *bufio.ReadWriter) any { return Draining(r.Context()) }, true},
	"the connection":    {func(_ *http.Request, c net.Conn, _ *bufio.ReadWriter) any { return c }, false},
	"the buffers":       {func(_ *http.Request, _ net.Conn, rw *bufio.ReadWriter) any { return rw }, false},
	"the context":       {func(r *http.Request, _ net.Conn, _ *bufio.ReadWriter) any { return r.Context() }, false},
	"the socket":        {func(_ *http.Request, c net.Conn, _ *bufio.ReadWriter) any { return NetConn(c) }, false},
	"NetConn of it": {func(_ *http.Request, c net.Conn, _ *bufio.ReadWriter) any {
		return c.(interface{ NetConn() net.Conn }).NetConn()
	}, false},
}

// A connection that was taken over and lost is closed by the garbage collector, as
// with net/http, and the termination does not wait for it. One that the program
// holds in any way is waited for.
func TestHijackedConnectionThatIsLost(t *testing.T) {
	for _, way := range []string{"h2c", "tls"} {
		for name, test := range takeOver {
			if way != "tls" && name == "NetConn of it" {
				continue
			}
			t.Run(way+" "+name, func(t *testing.T) {
				kept := make(chan any, 1)
				l := listenOn(t, "tcp")
				p := &Process{Delay: -1, Quiet: -1, Grace: time.Second, Reserve: 900 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
				p.AddHTTP(serverOf(t, way, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					c, rw, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
					}
					io.WriteString(c, "taken\n")
					kept <- test.keep(r, c, rw)
				})), l)
				ctx, terminate := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- p.Run(ctx) }()
				c := dialHijack(t, way, l.Addr().String())
				keep := <-kept
				closed := make(chan error, 1)
				go func() {
					_, err := c.Read(make([]byte, 1))
					closed <- err
				}()
				for i := 0; test.lost && len(closed) == 0 || i < 5; i++ {
					runtime.GC() // until the finalizers of package net have run
					time.Sleep(10 * time.Millisecond)
				}
				if test.lost != (len(closed) > 0) {
					t.Errorf("closed: %v, want %v", len(closed) > 0, test.lost)
				}
				terminate()
				if err := <-ended; test.lost != (err == nil) || err != nil && !errors.Is(err, ErrCut) {
					t.Errorf("Run: %v", err)
				}
				if draining, ok := keep.(<-chan struct{}); ok {
					<-draining // who waits for it alone is not left waiting
				}
				runtime.KeepAlive(keep)
			})
		}
	}
}

// dialHijack returns a client's connection whose handler has taken it over.
func dialHijack(t *testing.T, way, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if way == "tls" {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	fmt.Fprintf(c, "GET /lost HTTP/1.1\r\nHost: test\r\n\r\n")
	if text := until(t, c, "\n"); !strings.HasSuffix(text, "taken\n") {
		t.Fatalf("%q", text)
	}
	return c
}
