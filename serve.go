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

// AddHTTP adds srv. Without a listener, srv listens on srv.Addr (TCP; ":http" if
// empty, with TLS ":https"). If srv.TLSConfig is set, srv serves HTTP/2 and HTTP/1.1
// over TLS, with the certificates of TLSConfig; else it serves HTTP/1.1 in clear text,
// and HTTP/2 if srv.Protocols has it. A listener that does TLS itself is an error of
// Run. A server that stops accepting begins the termination, and its error is one of
// Run. AddHTTP panics after Run.
//
// The Process takes srv over: the program must not call srv's Serve, Shutdown or
// Close. srv's ConnContext and ConnState are given the connection that the listener
// has returned, or with TLS a *tls.Conn over it (see [NetConn]). With TLS they are
// called when the handshake is done: one that fails is only written to ErrorLog.
// With TLS, Hijack does not return the *tls.Conn, but a connection that has its
// ConnectionState, and a method NetConn that returns it. The functions that were
// registered with srv.RegisterOnShutdown are started when no connection can carry a
// request any more; hijacked connections may be open then.
func (p *Process) AddHTTP(srv *http.Server, listeners ...net.Listener) {
	p.adding("AddHTTP")
	if srv == nil {
		panic("lameduck: Process.AddHTTP of nil: give it an http.Server")
	}
	s := &server{http: srv, listeners: listeners}
	s.serve = s.serveHTTP
	s.end = func() { srv.Close() }
	p.servers = append(p.servers, s)
}

// AddConn adds a server of another protocol: serve is called for each
// connection of l, in a goroutine of its own, and the connection is closed when
// serve returns. When [Draining] of the context closes, serve should end the
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

// serveConn recovers a panic of serve, as net/http does: it must not drop the other
// connections of the process.
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

// errServed is for an http.Server that another Process has served. Without it net/http
// would return ErrServerClosed, but only after it has changed the server's TLSConfig.
var errServed = errors.New("another Process has served this http.Server\n" +
	"hint: make a new http.Server: net/http serves none again after its Shutdown, which Run has called")

// Listen opens the listeners that are not open yet, and checks all else that would
// keep Run from serving: the clocks and the TLS of each server. Connections that
// come before Run wait in the accept queue. Run calls Listen first. A program that
// calls it earlier can ask for [Process.Addr] before Run, and knows that it can serve
// before it registers its address elsewhere. If anything fails, all listeners are
// closed, those that were given to AddHTTP too, and every later call returns the same
// error.
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
			if s.tls, err = link.TLSOf(s.http); err != nil {
				return err
			}
		}
		if err := s.listen(); err != nil {
			return err
		}
	}
	return nil
}

// resolve returns the clocks: what the environment sets, else the fields of p, else the
// defaults.
func (p *Process) resolve() (term.Clocks, error) {
	return term.Resolve(term.Clocks{Delay: p.Delay, Quiet: p.Quiet, Spread: p.Spread, Grace: p.Grace, Reserve: p.Reserve}, p.Env)
}

// Addr returns the address of the first listener of the server that was added first.
// It returns nil if that server has no listener: one that was added without a
// listener has none before [Process.Listen].
func (p *Process) Addr() net.Addr {
	p.opening.Lock()
	defer p.opening.Unlock()
	if len(p.servers) == 0 || len(p.servers[0].listeners) == 0 {
		return nil
	}
	return p.servers[0].listeners[0].Addr()
}

// closeListeners closes all listeners. It waits for their Close no longer than limit:
// Close of a program's listener may block.
func (p *Process) closeListeners(limit time.Duration) {
	var closing sync.WaitGroup
	for _, s := range p.servers {
		for _, l := range s.listeners {
			if l != nil {
				closing.Go(func() { program.Protect(l.Close) })
			}
		}
	}
	program.Within(limit, closing.Wait)
}

// acceptWait is how long a listener may take to empty its accept queue. It is longer
// than the 1 s that http.Server.Serve waits after an error of Accept at most.
const acceptWait = 2 * time.Second

// startServers serves on every listener.
func (p *Process) startServers() {
	for _, s := range p.servers {
		if s.http != nil {
			link.Hook(s.http, p.untilCut, p.own)
		}
		if s.tls != nil {
			s.tls.Apply(s.http)
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
	l.Close() // clients in its accept queue must not wait until the process exits
	if p.state.Finishing.Load() && !errors.Is(err, program.ErrPanic) {
		return // we closed it
	}
	if err == nil { // grpc-go's Serve returns nil after Stop and GracefulStop
		err = errors.New("the server was stopped by the program, and not by the end of Run")
	}
	p.fail(fmt.Errorf("listener %s: %w", l.Name(), err))
}
