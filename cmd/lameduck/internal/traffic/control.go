package traffic

import (
	"io"
	"net"
	"net/http"
	"time"
)

// ControlServer is the control target: a server that never terminates while a
// trial runs, so that its failures show the noise of the machine and of the
// client. The zero value is ready for use.
type ControlServer struct{ server http.Server }

// Serve answers every request on ln with 200 until Close, and then returns
// nil.
func (s *ControlServer) Serve(ln net.Listener) error {
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
func (s *ControlServer) Close() error { return s.server.Close() }
