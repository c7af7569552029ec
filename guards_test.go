package lameduck

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/testdata/golang.org/x/net/http2/h2c"
)

func TestOldGRPC(t *testing.T) {
	const path = "google.golang.org/grpc"
	for _, test := range []struct {
		m   debug.Module
		old string
	}{
		{debug.Module{Path: path, Version: "v1.72.0"}, "v1.72.0"},
		{debug.Module{Path: path, Version: "v1.84.9"}, "v1.84.9"},
		{debug.Module{Path: path, Version: "v1.85.0-dev"}, "v1.85.0-dev"},
		{debug.Module{Path: path, Version: "v1.84.1-0.20260901000000-abcdefabcdef"}, "v1.84.1-0.20260901000000-abcdefabcdef"},
		{debug.Module{Path: path, Version: "v0.9.0+incompatible"}, "v0.9.0+incompatible"},
		{debug.Module{Path: path, Version: "v1.85.0"}, ""},
		{debug.Module{Path: path, Version: "v1.85.0+build"}, ""},
		{debug.Module{Path: path, Version: "v1.85.1-dev"}, ""},
		{debug.Module{Path: path, Version: "v1.100.0"}, ""},
		{debug.Module{Path: path, Version: "v2.0.0"}, ""},
		{debug.Module{Path: path, Version: "(devel)"}, ""},
		{debug.Module{Path: path, Version: ""}, ""},
		{debug.Module{Path: path, Version: "v1"}, "v1"},
		{debug.Module{Path: path, Version: "v1.2.3.4"}, ""},
		{debug.Module{Path: path + "/examples", Version: "v1.1.0"}, ""},
		{debug.Module{Path: path, Version: "v1.90.0", Replace: &debug.Module{Path: path, Version: "v1.60.0"}}, "v1.60.0"},
		{debug.Module{Path: path, Version: "v1.60.0", Replace: &debug.Module{Path: path, Version: "v1.90.0"}}, ""},
		{debug.Module{Path: path, Version: "v1.60.0", Replace: &debug.Module{Path: "../grpc"}}, ""},
		{debug.Module{Path: path, Version: "v1.60.0", Replace: &debug.Module{Path: "example.com/grpc", Version: "v1.0.0"}}, ""},
	} {
		deps := []*debug.Module{{Path: "golang.org/x/net", Version: "v0.1.0"}, &test.m}
		if got := oldGRPC(deps); got != test.old {
			t.Errorf("%+v: %q, want %q", test.m, got, test.old)
		}
	}
}

func TestOldGRPCIsLogged(t *testing.T) {
	deps := []*debug.Module{{Path: "google.golang.org/grpc", Version: "v1.72.0"}}
	for _, given := range []bool{false, true} {
		log := newLogbook(t)
		p := &Process{log: slog.New(log)}
		if given {
			p.AddGRPC(grpcServer{}, nil, newMemListener())
		}
		p.guardGRPC(deps)
		if logged := len(log.with("v1.85.0")) == 1; logged == given {
			t.Errorf("given to AddGRPC: %v, logged: %v", given, logged)
		}
	}
}

type grpcServer struct{ GRPCServer }

func (grpcServer) GracefulStop() {}
func (grpcServer) Stop()         {}

func TestH2CHandlerIsNoticed(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.Handler
		want    int
	}{
		"h2c":     {h2c.NewHandler(http.NewServeMux()), 1},
		"nil":     {nil, 0},
		"mux":     {http.NewServeMux(), 0},
		"another": {http.HandlerFunc(ok), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newLogbook(t)
				srv := &http.Server{Handler: test.handler}
				p := &Process{Log: slog.New(log), Delay: -1}
				p.AddHTTP(srv, newMemListener())
				p.AddHTTP(srv, newMemListener()) // one server: one word
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := p.Run(ctx); err != nil {
					t.Error(err)
				}
				if n := len(log.with("h2c")); n != test.want {
					t.Errorf("%d warnings, want %d", n, test.want)
				}
			})
		})
	}
}

func TestShutdownByOthersIsNoticed(t *testing.T) {
	shutdown := func(srv *http.Server) { srv.Shutdown(context.Background()) }
	shut := func(srv *http.Server) { srv.Close() }
	for name, test := range map[string]struct {
		call  func(*http.Server)
		after time.Duration // T0; negative: while serving
	}{
		"Shutdown while serving":      {shutdown, -time.Second},
		"Shutdown in the lame duck":   {shutdown, 5 * time.Second},
		"Shutdown while finishing":    {shutdown, 15 * time.Second},
		"Close while serving":         {shut, -time.Second},
		"Close in the lame duck":      {shut, 5 * time.Second},
		"both, one after the other":   {func(srv *http.Server) { shutdown(srv); shut(srv) }, 5 * time.Second},
		"both, the other way around":  {func(srv *http.Server) { shut(srv); shutdown(srv) }, 5 * time.Second},
		"Shutdown twice, as some do":  {func(srv *http.Server) { shutdown(srv); shutdown(srv) }, 5 * time.Second},
		"Shutdown with a dead ctx":    {func(srv *http.Server) { srv.Shutdown(expired()) }, 5 * time.Second},
		"Shutdown, dead, in the end":  {func(srv *http.Server) { srv.Shutdown(expired()) }, 15 * time.Second},
		"Shutdown at the same moment": {shutdown, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(20 * time.Second)
					w.Header().Set("Connection", "close")
				})}
				log := newLogbook(t)
				x := startServer(t, &Process{Log: slog.New(log)}, srv)
				go x.mustDial().get("/")
				synctest.Wait()
				if test.after >= 0 {
					x.terminate()
					time.Sleep(test.after)
				}
				var others sync.WaitGroup
				others.Go(func() { test.call(srv) })
				_, err := x.end()
				others.Wait()
				if err == nil || strings.Count(err.Error(), "was called by other code") != 1 {
					t.Errorf("Run: %v", err)
				}
				if n := len(log.with("was called by other code")); n != 1 {
					t.Errorf("%d warnings, want 1", n)
				}
			})
		})
	}
}

func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// What was registered with RegisterOnShutdown runs, and Run does not take its
// own call for one of other code.
func TestHooksOfShutdownRun(t *testing.T) {
	for name, test := range map[string]struct {
		ends time.Duration // the request
		want time.Duration // the hook, after T0
	}{
		"in time": {15 * time.Second, 15 * time.Second},
		"cut":     {time.Hour, 27 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Connection", "close")
					select {
					case <-time.After(test.ends):
					case <-r.Context().Done():
					}
				})}
				hooked := make(chan time.Time, 2)
				srv.RegisterOnShutdown(func() { hooked <- time.Now() })
				log := newLogbook(t)
				x := startServer(t, &Process{Log: slog.New(log)}, srv)
				go x.mustDial().get("/")
				synctest.Wait()
				x.terminate()
				x.end()
				synctest.Wait()
				if len(hooked) != 1 {
					t.Fatalf("the hook has run %d times", len(hooked))
				}
				if at := (<-hooked).Sub(x.t0); at < test.want || at > test.want+time.Second {
					t.Errorf("the hook ran %v after T0, want %v", at, test.want)
				}
				if logged := log.with("by other code"); len(logged) > 0 {
					t.Errorf("Run warns of itself: %v", logged)
				}
			})
		})
	}
}

// Hooks are where programs close their WebSockets: they run when no
// other connection can carry a request any more.
func TestHookOfShutdownEndsAHijackedConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hijacked net.Conn
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/ws" {
				hijacked, _, _ = http.NewResponseController(w).Hijack()
				return
			}
			time.Sleep(15 * time.Second)
			w.Header().Set("Connection", "close")
		})}
		srv.RegisterOnShutdown(func() {
			io.WriteString(hijacked, "bye\n")
			hijacked.Close()
		})
		x := startServer(t, &Process{}, srv)
		c := x.mustDial()
		io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: test\r\n\r\n")
		answered := make(chan error, 1)
		go func() {
			_, err := x.mustDial().get("/")
			answered <- err
		}()
		synctest.Wait()
		x.terminate()
		if line, err := c.r.ReadString('\n'); line != "bye\n" {
			t.Errorf("%q, %v", line, err)
		}
		if at := time.Since(x.t0); at < 15*time.Second {
			t.Errorf("the hook ran %v after T0, while a request was in flight", at)
		}
		x.endsAt(15 * time.Second)
		if err := <-answered; err != nil {
			t.Errorf("a request was dropped: %v", err)
		}
	})
}
