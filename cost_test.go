package lameduck

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/lameduck-dev/lameduck/internal/link"
)

// The start of a termination, and its finishing phase, count what is in flight, and name
// none of it.
func TestCountingNamesNothing(t *testing.T) {
	const many = 500
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		mux := http.NewServeMux()
		mux.HandleFunc("GET /items/{id}", func(http.ResponseWriter, *http.Request) { <-release })
		x := startServer(t, &Process{Log: slog.New(slog.DiscardHandler)}, &http.Server{Handler: mux})
		for i := range many {
			go x.mustDial().get(fmt.Sprintf("/items/%d", i))
		}
		synctest.Wait()
		x.terminate()
		d := x.state.Current.Load()
		for name, write := range map[string]func(){"logBegin": func() { x.logBegin(d) }, "logFinishing": func() { x.logFinishing(d) }} {
			if n := testing.AllocsPerRun(3, write); n > many/5 {
				t.Errorf("%s allocates %v times for %d requests in flight", name, n, many)
			}
		}
		close(release)
		x.end()
	})
}

// What is counted is what a Status names, whatever the connections speak.
func TestCountIsThatOfTheStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		raw := newMemListener()
		var kept net.Conn // else the garbage collector may close it
		defer func() { runtime.KeepAlive(kept) }()
		p.AddConn(raw, func(_ context.Context, c net.Conn) { io.Copy(io.Discard, c) })
		x := startServer(t, p, &http.Server{Protocols: protocols(http1, clearHTTP2), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/hijack":
				kept, _, _ = w.(http.Hijacker).Hijack()
			case "/stuck":
				<-r.Context().Done()
			}
		})})
		server, nc := net.Pipe()
		raw.conns <- server
		defer nc.Close()
		x.mustGet(x.mustDial(), "/") // idle
		for _, path := range []string{"/stuck", "/hijack"} {
			go x.mustDial().get(path)
		}
		half := x.mustDial()
		c := speakHTTP2(t, x.mustDial())
		for range 3 {
			c.begin("/stuck")
		}
		synctest.Wait()
		x.terminate()
		io.WriteString(half, "GET")
		synctest.Wait()
		if n, want := countRequests(x.conns.List()), len(x.Status().InFlight); n != want || want != 7 {
			t.Errorf("%d are counted, %d in the Status, want 7", n, want)
		}
		x.end()
	})
}

// What the log's count of ten thousand requests costs: as a Status has it, and counted.
func BenchmarkCount(b *testing.B) {
	const many = 10000
	release := make(chan struct{})
	defer close(release)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(http.ResponseWriter, *http.Request) { <-release })
	p := &Process{Log: slog.New(slog.DiscardHandler), Delay: -1, Quiet: -1}
	l := newMemListener()
	p.AddHTTP(&http.Server{Handler: mux}, l)
	ctx := b.Context()
	go p.Run(ctx)
	for i := range many {
		server, nc := net.Pipe()
		l.conns <- server
		go bufio.NewReader(nc).Peek(1)
		fmt.Fprintf(nc, "GET /items/%d HTTP/1.1\r\nHost: test\r\n\r\n", i)
	}
	for countHandled(p) < many {
	}
	b.Run("named", func(b *testing.B) {
		for b.Loop() {
			if len(requests(p.conns.List())) != many {
				b.Fatal("not all are in flight")
			}
		}
	})
	b.Run("counted", func(b *testing.B) {
		for b.Loop() {
			if countRequests(p.conns.List()) != many {
				b.Fatal("not all are in flight")
			}
		}
	})
}

func countHandled(p *Process) (n int) {
	for _, c := range p.conns.List() {
		n += len(c.AppendItems([]link.Item{}))
	}
	return n
}
