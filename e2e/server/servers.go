package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/tutorial"
	"github.com/lameduck-dev/lameduck/tutorial/hello"
)

// A server serves on addr until it ends.
type server func(addr string, c *counts) error

// servers are all there are, by name: those of the tutorial, and our own.
func servers() map[string]server {
	all := map[string]server{
		"origin":    origin,
		"hang":      hang,
		"ignore":    ignore,
		"readiness": readiness,
	}
	for _, s := range tutorial.Servers {
		all[s.Name] = lesson(s)
	}
	return all
}

// lesson is a server of the tutorial, unchanged but for its handler, which is wrapped:
// what happens at SIGTERM is its own.
func lesson(s tutorial.Server) server {
	return func(addr string, c *counts) error {
		switch s.Name {
		case "default": // waiting for the signal would replace its default action
		case "sleep-exit":
			atSigterm(c, func() { time.AfterFunc(9*time.Second, c.printChanges) }) // it exits after 10 s
		default:
			atSigterm(c, func() {})
		}
		hello.Handler = routes(c, hello.Handler).ServeHTTP
		return s.Main(addr)
	}
}

// origin is the program that this project began with, written by its description: it keeps
// serving for 20 s after SIGTERM, and exits.
func origin(addr string, c *counts) error {
	atSigterm(c, func() {
		time.Sleep(20 * time.Second)
		c.printLast()
		os.Exit(0)
	})
	return serve(addr, c)
}

// hang handles SIGTERM by doing nothing: it keeps serving until it is killed at the end of
// its grace period.
func hang(addr string, c *counts) error {
	atSigterm(c, func() {})
	return serve(addr, c)
}

// ignore ignores SIGTERM, as process 1 without a handler does. Go's runtime would exit with
// 2 there, so the signal is ignored on purpose.
func ignore(addr string, c *counts) error {
	signal.Ignore(syscall.SIGTERM)
	return serve(addr, c)
}

// readiness fails its readiness at SIGTERM and keeps serving for 15 s while it
// asks its clients to leave, then drains. It is for terminations that the
// kubelet begins itself: no deletion takes such a pod out of the endpoints.
func readiness(addr string, c *counts) error {
	atSigterm(c, func() {})
	p := lameduck.Process{FailReadiness: true, Delay: 15 * time.Second}
	p.AddHTTP(httpServer(addr, c))
	return p.RunUntilSignal(context.Background())
}

func serve(addr string, c *counts) error { return httpServer(addr, c).ListenAndServe() }

func httpServer(addr string, c *counts) *http.Server {
	return &http.Server{Addr: addr, Handler: routes(c, http.HandlerFunc(greet)), ConnState: c.connState}
}

// atSigterm calls do beside the server, when c has recorded the signal.
func atSigterm(c *counts, do func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		c.sigterm()
		do()
	}()
}

// routes is what every server serves. The probes and the hook are the
// library's, which answers them in a server that it does not run as well.
func routes(c *counts, root http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", c.of(root))
	mux.Handle("GET /counts", c)
	mux.HandleFunc("GET /alive", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /ready", lameduck.Ready)
	mux.HandleFunc("GET /prestop", lameduck.PreStop)
	return mux
}

// greet answers at once.
func greet(w http.ResponseWriter, _ *http.Request) {
	host, _ := os.Hostname()
	fmt.Fprintf(w, "Hello! I am here! - %s\n", host)
}
