package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go/http3"

	"github.com/lameduck-dev/lameduck"
)

// A server is one of HTTP/3 that goes through the phases of a Process.
type server struct {
	*http3.Server
	serving     atomic.Bool
	lameDuckEnd chan struct{} // is closed when the lame duck is over
	end         func()        // closes that, once
}

func newServer(s *http3.Server) *server {
	over := make(chan struct{})
	return &server{Server: s, lameDuckEnd: over, end: sync.OnceFunc(func() { close(over) })}
}

// observe is called when the phase changes.
func (s *server) observe(status lameduck.Status) {
	s.serving.Store(status.Phase == lameduck.PhaseServing)
	switch status.Phase {
	case lameduck.PhaseServing, lameduck.PhaseLameDuck:
	default:
		s.end()
	}
}

// advertise adds Alt-Svc to the answers of h, but not from T0 on: a client that comes
// to a server that terminates should not open one more connection to it.
func (s *server) advertise(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.serving.Load() {
			s.SetQUICHeaders(w.Header())
		}
		h.ServeHTTP(w, r)
	})
}

// serve serves HTTP/3, in the lame duck too: clients remember Alt-Svc. Then Shutdown
// stops accepting connections, sends GOAWAY on those that are open, and waits for the
// requests in flight and for clients to close; ctx ends at the cut.
func (s *server) serve(ctx context.Context, udp net.PacketConn) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(udp) }()
	select {
	case err := <-failed:
		return err
	case <-s.lameDuckEnd:
		return s.Shutdown(ctx)
	}
}
