package control

import (
	"io"
	"net"
	"net/http"
	"time"
)

// Server is the control target: a server that never terminates while a
// trial runs, so that its failures show the noise of the machine and of the
// client. The zero value is ready for use.
type Server struct{ server http.Server }

// Serve answers every request on ln with 200 until Close, and then returns
// nil.
func (s *Server) Serve(ln net.Listener) error {
	s.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "control\n")
	})
	s.server.ReadHeaderTimeout = time.Minute // slow needs it
	if err := s.server.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// Close closes the listener and every connection at once.
func (s *Server) Close() error { return s.server.Close() }
