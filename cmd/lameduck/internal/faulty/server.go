package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// work is how long a request takes: there is always one in flight.
const work = 50 * time.Millisecond

func answer(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(work)
	fmt.Fprintln(w, "hello")
}

// addr is the port that the lab gives where it has no namespaces, or :8080.
func addr() string { return ":" + cmp.Or(os.Getenv("PORT"), "8080") }

func newServer(h http.HandlerFunc) *http.Server { return &http.Server{Addr: addr(), Handler: h} }

// listenAndServe serves with TLS if the last argument is "tls".
func listenAndServe(s *http.Server) error {
	if os.Args[len(os.Args)-1] != "tls" {
		return s.ListenAndServe()
	}
	s.TLSConfig = secure()
	return s.ListenAndServeTLS("", "")
}

// onTerm calls f when the stop signal comes.
func onTerm(f func()) {
	signalled := make(chan os.Signal, 1)
	signal.Notify(signalled, syscall.SIGTERM)
	go func() {
		<-signalled
		f()
	}()
}

// closeHandler is a handler that sends Connection: close after the stop signal.
type closeHandler struct{ leaving atomic.Bool }

func (g *closeHandler) answer(w http.ResponseWriter, r *http.Request) {
	g.close(w)
	answer(w, r)
}

func (g *closeHandler) close(w http.ResponseWriter) {
	if g.leaving.Load() {
		w.Header().Set("Connection", "close")
	}
}
