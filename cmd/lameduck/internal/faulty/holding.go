package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// killedHolding is a server that kills itself during requests and knows how
// many. After the stop signal it asks clients to reconnect elsewhere and keeps
// serving, but sends only the first part of some responses; which and how many
// is random. It waits until there is no connection but theirs, writes their
// number to a file, and kills itself by SIGKILL. The first argument is how far
// a response gets: before-headers, content-length or chunked; the second is the
// file.
func killedHolding(args []string) error {
	if len(args) != 2 || firstParts[args[0]] == nil {
		return errors.New("usage: faulty killed-holding before-headers|content-length|chunked FILE")
	}
	if os.Getpid() == 1 {
		return runAsChild() // SIGKILL from inside does not reach process 1
	}
	h := &holder{first: firstParts[args[0]], open: map[net.Conn]bool{}, every: 1 + rand.IntN(5), most: 1 + rand.IntN(40)}
	s := newServer(h.serve)
	s.ConnState = h.watch
	onTerm(func() { h.waitAndKill(args[1]) })
	return s.ListenAndServe()
}

// firstParts write the first part of an answer.
var firstParts = map[string]func(http.ResponseWriter) error{
	"before-headers": func(http.ResponseWriter) error { return nil },
	"content-length": func(w http.ResponseWriter) error {
		w.Header().Set("Content-Length", "10")
		return writeNow(w, "hello")
	},
	"chunked": func(w http.ResponseWriter) error { return writeNow(w, "hello") },
}

func writeNow(w http.ResponseWriter, s string) error {
	if _, err := io.WriteString(w, s); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// holder is the server's knowledge of what it holds.
type holder struct {
	first func(http.ResponseWriter) error
	every int // which requests it holds, once it is leaving
	most  int // how many

	mu       sync.Mutex
	leaving  bool
	requests int // since the stop signal
	held     int
	open     map[net.Conn]bool
}

// serve holds the request, which has been read whole, or answers it.
func (h *holder) serve(w http.ResponseWriter, r *http.Request) {
	if !h.hold() {
		h.mu.Lock()
		if h.leaving {
			w.Header().Set("Connection", "close")
		}
		h.mu.Unlock()
		answer(w, r)
		return
	}
	if err := h.first(w); err != nil {
		fmt.Fprintln(os.Stderr, "the first part of an answer:", err)
		os.Exit(1)
	}
	select {}
}

// hold decides whether to hold one more request.
func (h *holder) hold() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.leaving {
		return false
	}
	h.requests++
	if h.requests%h.every != 0 || h.held == h.most {
		return false
	}
	h.held++
	return true
}

func (h *holder) watch(c net.Conn, state http.ConnState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch state {
	case http.StateNew:
		h.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(h.open, c)
	}
}

// alone reports whether all connections are of requests that it holds.
func (h *holder) alone() (held int, alone bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held, h.held == len(h.open)
}

// waitAndKill waits until there has been nothing but the held requests for a
// second.
func (h *holder) waitAndKill(file string) {
	h.mu.Lock()
	h.leaving = true
	h.mu.Unlock()
	since := time.Now()
	held := 0
	for time.Since(since) < time.Second {
		time.Sleep(5 * time.Millisecond)
		var alone bool
		if held, alone = h.alone(); !alone || held == 0 {
			since = time.Now()
		}
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(held)), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	self, _ := os.FindProcess(os.Getpid())
	_ = self.Kill()
	select {} // until the signal arrives
}

// runAsChild runs the same program again as a child, passes the stop signal on, and
// exits as the child did.
func runAsChild() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, os.Args[1:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	signalled := make(chan os.Signal, 1)
	signal.Notify(signalled, syscall.SIGTERM)
	if err := child.Start(); err != nil {
		return err
	}
	go func() {
		<-signalled
		_ = child.Process.Signal(syscall.SIGTERM)
	}()
	err = child.Wait()
	if child.ProcessState.ExitCode() == -1 {
		os.Exit(137) // 128 + SIGKILL
	}
	return err
}
