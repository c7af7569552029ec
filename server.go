package lameduck

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/task"
)

// A server is one thing that accepts connections, of whatever protocol.
type server struct {
	listeners []net.Listener
	wrapped   []*link.Listener

	http   *http.Server    // nil unless it is one
	tls    *tls.Config     // of http; nil for clear text
	behind *http.Protocols // that http is to speak behind tls
	native bool            // net/http serves HTTP/2 on connections that it knows to be of TLS
	serve  func(*link.Listener) error
	// finish, if there is one, is run when the listeners have closed. It ends
	// when no handler is at work any more.
	finish *task.Task
	end    func() // closes whatever is open
}

func (s *server) serveHTTP(l *link.Listener) error {
	if s.tls == nil {
		l.Clear = true
		return s.http.Serve(l)
	}
	t := link.NewTLSListener(l, s.http, s.tls, s.native)
	defer t.Left.Set()
	return s.http.Serve(t)
}

func (s *server) listen() error {
	for _, l := range s.listeners {
		if s.http != nil && fmt.Sprintf("%T", l) == "*tls.listener" {
			return link.ErrTLSListener
		}
	}
	if len(s.listeners) > 0 {
		return nil
	}
	if s.http == nil {
		return errors.New("a gRPC server was added without a listener\nhint: p.AddGRPC(server, health, listener), with net.Listen(\"tcp\", \":9090\")")
	}
	standard := ":http"
	if s.tls != nil {
		standard = ":https"
	}
	l, err := net.Listen("tcp", cmp.Or(s.http.Addr, standard))
	if err != nil {
		return err
	}
	s.listeners = []net.Listener{l}
	return nil
}

// A healthServer is one of grpc-go, or of the program.
type healthServer struct {
	server interface{ Shutdown() }
	calls  program.Calls
}
