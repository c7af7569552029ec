package lameduck

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/task"
)

// A server accepts connections of one protocol: it was added by AddHTTP, AddGRPC or
// AddConn.
type server struct {
	listeners []net.Listener
	wrapped   []*link.Listener

	http  *http.Server // nil unless AddHTTP has added it
	tls   *link.TLS    // of http; nil for clear text
	serve func(*link.Listener) error
	// finish is run when the listeners have closed, and returns when no handler is at
	// work any more. Only a gRPC server has one.
	finish *task.Task
	end    func() // closes all connections that are left; called at the cut
}

func (s *server) serveHTTP(l *link.Listener) error {
	if s.tls == nil {
		l.Clear = true
		return s.http.Serve(l)
	}
	t := link.NewTLSListener(l, s.http, s.tls)
	defer t.Left.Set()
	return s.http.Serve(t)
}

func (s *server) listen() error {
	for _, l := range s.listeners {
		if l == nil {
			return errNilListener
		}
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
	fallback := ":http"
	if s.tls != nil {
		fallback = ":https"
	}
	l, err := net.Listen("tcp", cmp.Or(s.http.Addr, fallback))
	if err != nil {
		return err
	}
	s.listeners = []net.Listener{l}
	return nil
}

// errNilListener is for what net.Listen returns with an error that was not looked at.
var errNilListener = errors.New("a listener is nil\nhint: look at the error that net.Listen returned with it; without a listener AddHTTP(srv) listens on srv.Addr")

// A healthServer is the health server of a gRPC server: grpc-go's, or one that the
// program has written. Its methods are called in order, beside run: they may block.
type healthServer struct {
	server interface{ Shutdown() }
	calls  program.Calls
}
