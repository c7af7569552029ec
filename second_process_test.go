package lameduck

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// net/http serves no http.Server again after its Shutdown, and Run has called that. While
// the first Process runs, the contexts of the server's connections are of that one.
func TestServerOfAnotherProcessIsRefused(t *testing.T) {
	for _, when := range []string{"at the same time", "afterwards"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &http.Server{Handler: http.HandlerFunc(ok)}
				first := startServer(t, &Process{}, srv)
				if when == "afterwards" {
					first.terminate()
					first.endsAt(10 * time.Second)
				}
				l := newMemListener()
				second := Process{Log: slog.New(slog.DiscardHandler)}
				second.AddHTTP(srv, l)
				began := time.Now()
				err := second.Run(t.Context())
				if err == nil || !strings.Contains(err.Error(), "another Process has served this http.Server\nhint: ") || time.Since(began) > 0 {
					t.Errorf("Run, after %v: %v", time.Since(began), err)
				}
				select {
				case <-l.done:
				default:
					t.Error("the listener was left open")
				}
				if when == "at the same time" {
					first.mustGet(first.mustDial(), "/", "Connection: close") // the first one's are served
					first.terminate()
					first.endsAt(10 * time.Second)
				}
			})
		})
	}
}

// A server that was made from the fields of one that a Process has served is served as
// any: nothing in them is of the first Process any more.
func TestServerMadeFromOneThatWasServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var states []http.ConnState
		var contexts []error
		handle := func(w http.ResponseWriter, r *http.Request) {
			if r.Context().Value(key{}) != "base" {
				t.Error("the base context is lost")
			}
			contexts = append(contexts, r.Context().Err())
			if r.Method == "OPTIONS" {
				t.Error("OPTIONS * has come to the handler")
			}
			Ready(w, r)
			if p, _ := r.Context().Value(ownerKey).(*Process); p != nil {
				io.WriteString(w, p.clocks.Grace.String())
			}
		}
		first := &http.Server{
			Handler:     http.HandlerFunc(handle),
			BaseContext: func(net.Listener) context.Context { return context.WithValue(context.Background(), key{}, "base") },
			ConnContext: func(ctx context.Context, c net.Conn) context.Context { return ctx },
			ConnState:   func(_ net.Conn, s http.ConnState) { states = append(states, s) },
		}
		x := startServer(t, &Process{}, first)
		x.terminate()
		x.endsAt(10 * time.Second)

		second := &http.Server{Handler: first.Handler, BaseContext: first.BaseContext, ConnContext: first.ConnContext, ConnState: first.ConnState,
			DisableGeneralOptionsHandler: first.DisableGeneralOptionsHandler}
		y := startServer(t, &Process{Grace: time.Minute}, second)
		c := y.mustDial()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		res, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), "1m0s") {
			t.Errorf("answered %q, want one by the second Process", body)
		}
		io.WriteString(c, "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n")
		if _, err := c.answer(); err != nil {
			t.Error(err)
		}
		y.terminate()
		time.Sleep(5 * time.Second)
		if res := y.mustGet(c, "/"); !res.Close {
			t.Error("the answer after the connection's moment has no Connection: close")
		}
		if n := y.state.Current.Load().LateReqs.Load(); n != 0 { // Ready takes it back, as often as it was counted
			t.Errorf("%d late requests", n)
		}
		c.Close()
		y.endsAt(10 * time.Second)
		if len(contexts) != 2 || contexts[0] != nil || contexts[1] != nil {
			t.Errorf("contexts of the requests: %v", contexts)
		}
		if len(states) == 0 || states[0] != http.StateNew || states[len(states)-1] != http.StateClosed {
			t.Errorf("states %v", states)
		}
	})
}
