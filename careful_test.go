package lameduck

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
)

// failingCheck has the check of net/http fail in this test.
func failingCheck(t *testing.T) {
	checkNetHTTP = func() error { return errors.New("as intended") }
	t.Cleanup(func() { checkNetHTTP = link.Check })
}

// Where net/http does not behave as assumed, one line of the log reports it, and what a
// connection of HTTP/1 has in net/http's buffer is waited for until the cut. It is not
// an error that such a connection is idle then.
func TestCarefulWay(t *testing.T) {
	failingCheck(t)
	const request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
	for n := range request {
		synctest.Test(t, func(t *testing.T) {
			log := newLogbook(t)
			x := start(t, &Process{Log: slog.New(log)}, ok)
			c, idle, fresh := x.mustDial(), x.mustDial(), x.mustDial()
			x.mustGet(idle, "/")
			io.WriteString(c, request+request[:n])
			if _, err := c.answer(); err != nil {
				t.Fatal(err)
			}
			x.terminate()
			go io.Copy(io.Discard, idle)
			time.Sleep(20 * time.Second)
			if _, err := fresh.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("a connection that has sent nothing is not closed: %v", err)
			}
			if _, err := io.WriteString(c, request[n:]); err != nil {
				t.Errorf("the connection was closed after %d bytes of a request: %v", n, err)
			} else if res, err := c.answer(); err != nil || !res.Close {
				t.Errorf("%v, %v", res, err)
			}
			x.endsWithin(27*time.Second, 28*time.Second)
			if lines := log.with("net/http of this Go"); len(lines) != 1 {
				t.Errorf("%d lines about net/http, want one", len(lines))
			}
		})
	}
}

// The same with net/http as it is, which other tests change: a part of a request that
// came with the one before is waited for.
func TestNothingIsLostWhateverNetHTTPDoes(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
	for n := 1; n < len(request); n++ {
		synctest.Test(t, func(t *testing.T) {
			x := start(t, &Process{}, ok)
			c := x.mustDial()
			io.WriteString(c, request+request[:n])
			if _, err := c.answer(); err != nil {
				t.Fatal(err)
			}
			x.terminate()
			time.Sleep(20 * time.Second)
			if _, err := io.WriteString(c, request[n:]); err != nil {
				t.Errorf("the connection was closed after %d bytes of a request: %v", n, err)
			} else if _, err := c.answer(); err != nil {
				t.Error(err)
			}
			x.endsWithin(20*time.Second, 28*time.Second)
		})
	}
}

// endsWithin fails the test unless Run ends without an error between two moments
// after T0.
func (x *trial) endsWithin(from, to time.Duration) {
	x.t.Helper()
	if took, err := x.end(); err != nil || took < from || took > to {
		x.t.Errorf("ended %v after T0 with %v, want between %v and %v", took, err, from, to)
	}
}

// What is not known of HTTP/1 does not matter to HTTP/2, nor to a connection whose
// client has left.
func TestCarefulWayEndsInTime(t *testing.T) {
	failingCheck(t)
	synctest.Test(t, func(t *testing.T) {
		x := startServer(t, &Process{}, &http.Server{Handler: http.HandlerFunc(ok), Protocols: protocols(http1, clearHTTP2)})
		c := x.mustDial()
		x.mustGet(c, "/")
		x.getHTTP2("/")
		x.terminate()
		time.Sleep(5 * time.Second)
		if res := x.mustGet(c, "/"); !res.Close {
			t.Error("the client is not asked to leave")
		}
		c.Close()
		x.endsAt(10 * time.Second)
	})
}

// A connection that is taken over by a handler, and a request that is cut, are what
// they are otherwise.
func TestCarefulWayNamesWhatIsCut(t *testing.T) {
	failingCheck(t)
	synctest.Test(t, func(t *testing.T) {
		var kept net.Conn // one that the program forgot would not be in flight after a garbage collection
		defer func() { runtime.KeepAlive(kept) }()
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/hijack":
				kept, _, _ = http.NewResponseController(w).Hijack()
			case "/stuck":
				<-r.Context().Done()
			}
		})
		for _, path := range []string{"/", "/hijack", "/stuck", "/part"} {
			c := x.mustDial()
			x.mustGet(c, "/")
			if path == "/part" {
				time.AfterFunc(20*time.Second, func() { io.WriteString(c, "GET") })
				continue
			}
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path)
			go io.Copy(io.Discard, c)
		}
		synctest.Wait()
		x.terminate()
		_, err := x.end()
		var cut *CutError
		if !errors.As(err, &cut) || len(cut.Work) != 3 {
			t.Fatalf("Run: %v, want three that were cut", err)
		}
		for _, name := range []string{"GET /hijack", "GET /stuck", "still being read"} {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("Run: %v\nwant one with %s", err, name)
			}
		}
	})
}
