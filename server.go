package lameduck

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A server is one thing that accepts connections, of whatever protocol.
type server struct {
	listeners []net.Listener
	wrapped   []*listener

	http   *http.Server    // nil unless it is one
	tls    *tls.Config     // of http; nil for clear text
	behind *http.Protocols // that http is to speak behind tls
	serve  func(*listener) error
	// finish, if there is one, is run when the listeners have closed. It ends
	// when no handler is at work any more.
	finish *task
	end    func() // closes whatever is open
}

// Serve adds srv. With no listener it listens on srv.Addr (TCP; ":http" if
// empty, with TLS ":https"). If srv.TLSConfig is set its listeners speak TLS,
// HTTP/2 and HTTP/1.1, with the certificates of TLSConfig; else they speak
// clear text, HTTP/1.1 and, if srv.Protocols says so, HTTP/2. A listener that
// returns connections of TLS is an error of Run. The Process takes
// srv over: srv's own Serve, Shutdown and Close must not be called. Its ConnContext
// and ConnState are given the connection as the listener made it, or with TLS a
// *tls.Conn over that (see [NetConn]), and not before the handshake is done: one
// that fails is only written to ErrorLog. What was
// registered with srv.RegisterOnShutdown is started when no connection can carry
// a request any more; hijacked ones may be left.
func (p *Process) Serve(srv *http.Server, listeners ...net.Listener) {
	s := &server{http: srv, listeners: listeners}
	s.serve = s.serveHTTP
	s.end = func() { srv.Close() }
	p.servers = append(p.servers, s)
}

func (s *server) serveHTTP(l *listener) error {
	if s.tls == nil {
		l.clear = true
		return s.http.Serve(l)
	}
	t := newTLSListener(l, s.http, s.tls)
	defer t.left.set()
	return s.http.Serve(t)
}

// ServeConn adds a server of another protocol: serve is called for each
// connection of l, in a goroutine of its own, and the connection is closed when
// it returns. [Draining] of its context tells it to leave; the context ends at
// the cut.
func (p *Process) ServeConn(l net.Listener, serve func(context.Context, net.Conn)) {
	s := &server{listeners: []net.Listener{l}, end: func() {}}
	s.serve = func(l *listener) error { return p.serveConns(l, serve) }
	p.servers = append(p.servers, s)
}

func (p *Process) serveConns(l *listener, serve func(context.Context, net.Conn)) error {
	l.begin = (*conn).beginOther
	for {
		c, err := l.acceptPatiently()
		if err != nil {
			return err
		}
		if d := p.state.current.Load(); d != nil {
			c.countLate(d)
		}
		go p.serveConn(c, serve)
	}
}

// serveConn survives a panic, as net/http does: the other connections are not
// to be dropped for it.
func (p *Process) serveConn(c *conn, serve func(context.Context, net.Conn)) {
	defer c.Close()
	err := protect(func() error {
		serve(context.WithValue(p.hard, leaverKey, leaver(c)), c.able())
		return nil
	})
	if err != nil {
		logPanic(p.log, "panic while serving a connection", err, "from", c.peer())
	}
}

// listen opens what is not open yet. If one address fails nothing is left
// open.
func (p *Process) listen() (err error) {
	defer func() {
		if err != nil {
			p.closeListeners(acceptWait)
		}
	}()
	listeners := 0
	for _, s := range p.servers {
		if s.http != nil {
			if s.tls, s.behind, err = secured(s.http); err != nil {
				return err
			}
		}
		if err := s.listen(); err != nil {
			return err
		}
		listeners += len(s.listeners)
	}
	p.serving = newCountdown(listeners)
	p.failures = make(chan error, listeners+len(p.workers))
	return nil
}

func (s *server) listen() error {
	for _, l := range s.listeners {
		if s.http != nil && fmt.Sprintf("%T", l) == "*tls.listener" {
			return errTLSListener
		}
	}
	if len(s.listeners) > 0 {
		return nil
	}
	if s.http == nil {
		return errors.New("a gRPC server was added without a listener\nhint: p.ServeGRPC(server, health, listener), with net.Listen(\"tcp\", \":9090\")")
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

// closeListeners closes all listeners, and waits for that no longer than limit.
func (p *Process) closeListeners(limit time.Duration) {
	var closing sync.WaitGroup
	for _, s := range p.servers {
		for _, l := range s.listeners {
			closing.Go(func() { protect(l.Close) })
		}
	}
	within(limit, closing.Wait)
}

// startServers serves on every listener.
func (p *Process) startServers() {
	for _, s := range p.servers {
		if s.http != nil {
			hook(s.http, p.untilCut, p.own)
		}
		if s.behind != nil {
			s.http.Protocols = s.behind
		}
	}
	for _, s := range p.servers {
		for _, l := range s.listeners {
			w := &listener{Listener: l, env: p.env, routes: routesOf(s.http), emptied: sync.OnceFunc(p.serving.end)}
			s.wrapped = append(s.wrapped, w)
			go p.serveOn(s, w)
		}
	}
}

func (p *Process) serveOn(s *server, l *listener) {
	defer l.emptied()
	err := protect(func() error { return s.serve(l) })
	if p.state.closing.Load() {
		return // we closed it
	}
	if err == nil { // grpc-go's, when it was stopped
		err = errors.New("the server was stopped by the program, and not by the end of Run")
	}
	p.fail(fmt.Errorf("listener %s: %w", l.name(), err))
}

// tasks are all that is not a connection and must end before the closers run.
func (p *Process) tasks() []*task {
	all := slices.Clone(p.workers)
	for _, s := range p.servers {
		if s.finish != nil {
			all = append(all, s.finish)
		}
	}
	return all
}
