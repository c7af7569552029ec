package lameduck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// AddHTTP adds srv. With no listener it listens on srv.Addr (TCP; ":http" if
// empty, with TLS ":https"). If srv.TLSConfig is set its listeners speak TLS,
// HTTP/2 and HTTP/1.1, with the certificates of TLSConfig; else they speak
// clear text, HTTP/1.1 and, if srv.Protocols has it, HTTP/2. A listener that
// returns connections of TLS is an error of Run. The Process takes
// srv over: srv's own Serve, Shutdown and Close must not be called. Its ConnContext
// and ConnState are given the connection as the listener made it, or with TLS a
// *tls.Conn over that (see [NetConn]), and not before the handshake is done: one
// that fails is only written to ErrorLog. With TLS, what Hijack returns is no
// *tls.Conn: its NetConn method returns that, and it has ConnectionState. What was
// registered with srv.RegisterOnShutdown is started when no connection can carry
// a request any more; hijacked ones may be left. A server that stops accepting
// begins the termination, and its error is one of Run. AddHTTP panics after Run.
func (p *Process) AddHTTP(srv *http.Server, listeners ...net.Listener) {
	p.adding("AddHTTP")
	s := &server{http: srv, listeners: listeners}
	s.serve = s.serveHTTP
	s.end = func() { srv.Close() }
	p.servers = append(p.servers, s)
}

// AddConn adds a server of another protocol: serve is called for each
// connection of l, in a goroutine of its own, and the connection is closed when
// it returns. When [Draining] of its context closes, serve should end the
// conversation and return; the context ends at the cut. A panic of serve closes its
// connection and is logged. AddConn panics after Run.
func (p *Process) AddConn(l net.Listener, serve func(context.Context, net.Conn)) {
	p.adding("AddConn")
	s := &server{listeners: []net.Listener{l}, end: func() {}}
	s.serve = func(l *link.Listener) error { return p.serveConns(l, serve) }
	p.servers = append(p.servers, s)
}

func (p *Process) serveConns(l *link.Listener, serve func(context.Context, net.Conn)) error {
	l.Begin = (*link.Conn).BeginRaw
	for {
		c, err := l.AcceptPatiently()
		if err != nil {
			return err
		}
		if d := p.state.Current.Load(); d != nil {
			c.CountLate(d)
		}
		go p.serveConn(c, serve)
	}
}

// serveConn survives a panic, as net/http does: the other connections are not
// to be dropped for it.
func (p *Process) serveConn(c *link.Conn, serve func(context.Context, net.Conn)) {
	defer c.Close()
	err := program.Protect(func() error {
		serve(context.WithValue(p.hard, term.Key, term.Leaver(c)), c.Able())
		return nil
	})
	if err != nil {
		program.LogPanic(p.log, "panic while serving a connection", err, "from", c.Peer())
	}
}

// errServed is for a server whose hooks are those of another Process. net/http would
// return ErrServerClosed, after it has filled in its TLSConfig.
var errServed = errors.New("another Process has served this http.Server\n" +
	"hint: make a new http.Server: net/http serves none again after its Shutdown, which Run has called")

// Listen opens the listeners that are not open yet, and checks all else that would
// keep Run from serving: the clocks and the TLS of each server. Connections that
// come before Run wait in the accept queue. Run calls Listen first; a program that
// calls it earlier can ask for [Process.Addr], and be registered somewhere only when
// it can serve. If anything fails, all listeners are closed, those that were given
// to AddHTTP too, and every later call returns the same error.
func (p *Process) Listen() error {
	p.opening.Lock()
	defer p.opening.Unlock()
	if p.listenErr == nil {
		p.listenErr = p.listen()
	}
	return p.listenErr
}

func (p *Process) listen() error {
	if err := p.prepare(); err != nil {
		p.closeListeners(acceptWait)
		return fmt.Errorf("lameduck: %w", err)
	}
	return nil
}

func (p *Process) prepare() (err error) {
	if p.clocks, err = p.resolve(); err != nil {
		return err
	}
	for _, s := range p.servers {
		if s.http != nil {
			if link.Hooked(s.http) {
				return errServed
			}
			if s.tls, s.behind, err = link.Secured(s.http); err != nil {
				return err
			}
		}
		if err := s.listen(); err != nil {
			return err
		}
	}
	return nil
}

// resolve is what the clocks come to.
func (p *Process) resolve() (term.Clocks, error) {
	return term.Resolve(term.Clocks{Delay: p.Delay, Quiet: p.Quiet, Spread: p.Spread, Grace: p.Grace, Reserve: p.Reserve}, p.Env)
}

// Addr is the address of the first listener: that of the server that was added
// first. It is nil if there is none, as before [Process.Listen] for a server that
// was added without one.
func (p *Process) Addr() net.Addr {
	p.opening.Lock()
	defer p.opening.Unlock()
	if len(p.servers) == 0 || len(p.servers[0].listeners) == 0 {
		return nil
	}
	return p.servers[0].listeners[0].Addr()
}

// closeListeners closes all listeners, and waits for that no longer than limit.
func (p *Process) closeListeners(limit time.Duration) {
	var closing sync.WaitGroup
	for _, s := range p.servers {
		for _, l := range s.listeners {
			closing.Go(func() { program.Protect(l.Close) })
		}
	}
	program.Within(limit, closing.Wait)
}

// acceptWait is how long a listener may take to empty its accept queue. It is
// longer than http.Server.Serve waits after an error of Accept.
const acceptWait = 2 * time.Second

// startServers serves on every listener.
func (p *Process) startServers() {
	for _, s := range p.servers {
		if s.http != nil {
			link.Hook(s.http, p.untilCut, p.own)
			s.native = s.behind != nil && s.behind.HTTP2() && link.HasHTTP2OverTLS(s.http)
		}
		if s.behind != nil {
			s.http.Protocols = s.behind
			s.http.TLSConfig = s.http.TLSConfig.Clone() // net/http writes into it, and another server may have the same
		}
	}
	for _, s := range p.servers {
		for _, l := range s.listeners {
			w := &link.Listener{Listener: l, Env: p.env, Routes: link.RoutesOf(s.http), Emptied: sync.OnceFunc(p.serving.End)}
			s.wrapped = append(s.wrapped, w)
			go p.serveOn(s, w)
		}
	}
}

func (p *Process) serveOn(s *server, l *link.Listener) {
	defer l.Emptied()
	err := program.Protect(func() error { return s.serve(l) })
	l.Close() // clients must not wait for the exit in its accept queue
	if p.state.Closing.Load() && !errors.Is(err, program.ErrPanic) {
		return // we closed it
	}
	if err == nil { // grpc-go's, when it was stopped
		err = errors.New("the server was stopped by the program, and not by the end of Run")
	}
	p.fail(fmt.Errorf("listener %s: %w", l.Name(), err))
}
