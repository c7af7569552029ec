package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck"
)

// The three ways to terminate that are measured beside one another.
const (
	ours     = "lameduck"
	shutdown = "sleep, Shutdown" // http.Server.Shutdown, after a sleep: the standard recipe
	exit     = "sleep, os.Exit"  // what many a tutorial shows
)

// A role is what a child process is to be.
type role struct {
	Kind  string
	Delay time.Duration // from SIGTERM to the end of serving: our Delay, or the sleep
	Quiet time.Duration // ours only
}

// roleVariable hands a child its role.
const roleVariable = "BENCH_ROLE"

// serveIfChild never returns in a child. It must be called first in main and
// in TestMain.
func serveIfChild() {
	text, ok := os.LookupEnv(roleVariable)
	if !ok {
		return
	}
	err := serve(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(text string) error {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go answerParent()
	return r.serve(l)
}

// answerParent answers each line of the parent with the processor time used
// so far, and ends the process when the parent is gone.
func answerParent() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(int64(cpuTime()))
	}
	os.Exit(1)
}

// hello is the handler of every server here: as little as an answer can be.
// It reads the body first, so that a POST is complete.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, "ok")
})

func (r role) serve(l net.Listener) error {
	srv := &http.Server{Handler: hello}
	if r.Kind == ours {
		p := newProcess()
		p.Delay, p.Quiet, p.Spread = orNone(r.Delay), orNone(r.Quiet), orNone(r.Delay/3)
		p.Serve(srv, l)
		return p.RunUntilSignal()
	}

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-signals:
	}
	time.Sleep(r.Delay)
	if r.Kind == shutdown {
		return srv.Shutdown(context.Background())
	}
	return nil
}

// newProcess returns a Process that says nothing.
func newProcess() *lameduck.Process {
	return &lameduck.Process{Log: slog.New(slog.DiscardHandler)}
}

// orNone is d for a clock of a Process, where zero stands for the default.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// name is what the tables call it.
func (r role) name() string {
	if r.Kind == shutdown && r.Delay == 0 {
		return "Shutdown"
	}
	return r.Kind
}
