package link

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// ExcludeFromLate takes r out of the late arrivals, if its connection is one of ours.
func ExcludeFromLate(r *http.Request) {
	if c, ok := r.Context().Value(term.Key).(*Conn); ok {
		c.protocol().excludeFromLate(r)
	}
}

// A handler is in front of the program's handler: it notes the request on its connection
// and, during a termination, asks the client to leave.
type handler struct {
	next    http.Handler // the program's
	srv     *http.Server // the server whose Handler it is; a program may copy it to another server
	options bool         // it answers OPTIONS * itself: net/http would, without a call of its Handler, which is ours
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(term.Key).(*Conn)
	switch {
	case c == nil: // the connection is not from one of our listeners
	case r.ProtoMajor == 2:
		h.serveStream(c, w, r)
		return
	case c.busy(): // a handler of the program has called this one
		h.next.ServeHTTP(w, r)
		return
	default:
		c.answered = false
		c.doing.Store(r)
		if d := c.state.Current.Load(); d != nil {
			c.serveLeaving(d, w, r)
		}
	}
	h.serve(w, r)
}

// serveLeaving notes a request of HTTP/1 that comes during the termination, and asks the
// client to leave if the connection's moment has come.
func (c *Conn) serveLeaving(d *term.Termination, w http.ResponseWriter, r *http.Request) {
	if c.interrupted.Load() {
		c.clearInterrupt() // interrupted before it was known that a request had begun
	}
	about := &note{of: r, since: time.Now()}
	c.note.Store(about)
	if !c.env.isProbe(r) {
		about.undo = c.arrive(d, r)
	}
	if c.mustLeave(d) && !wantsUpgrade(r) { // writeHTTP1 sees whether the answer is an upgrade
		w.Header().Set("Connection", "close")
	}
}

// wantsUpgrade reports whether the client asks for another protocol on the
// connection (RFC 9110, section 7.8).
func wantsUpgrade(r *http.Request) bool {
	for _, line := range r.Header["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "upgrade") {
				return true
			}
		}
	}
	return false
}

// busy reports whether a handler is at work on the connection.
func (c *Conn) busy() bool {
	switch c.doing.Load() {
	case nil, reading, unknown:
		return false
	}
	return true
}

// serveStream is ServeHTTP for HTTP/2, where GOAWAY asks the client to leave and not the
// answer.
func (h *handler) serveStream(c *Conn, w http.ResponseWriter, r *http.Request) {
	if r.Context().Value(http.ServerContextKey) != h.srv { // a handler of another server has called this one
		h.next.ServeHTTP(w, r)
		return
	}
	if h2 := c.h2.Load(); h2 != nil { // nil if HTTP/2 began otherwise, as h2c's upgrade does
		serve, noted := h2.begin(r, c.state.Current.Load() != nil && c.env.isProbe(r))
		if noted {
			defer h2.end(r)
		}
		if !serve {
			return
		}
	}
	h.serve(w, r)
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	if h.options && r.Method == "OPTIONS" && r.RequestURI == "*" {
		answerOptions(w, r)
		return
	}
	h.next.ServeHTTP(w, r)
}

// answerOptions answers OPTIONS * as net/http does, which reads up to 4 KiB of the body.
func answerOptions(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "0")
	if r.ContentLength != 0 {
		io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 4<<10))
	}
}

// takeHandler puts a handler of ours in front of srv's Handler. If the program has copied
// that from another server of a Process, it is one of ours already, for the other server:
// one for srv replaces it.
func takeHandler(srv *http.Server) {
	next, options := srv.Handler, !srv.DisableGeneralOptionsHandler
	if next == nil {
		next = http.DefaultServeMux
	}
	if other, is := next.(*handler); is {
		next, options = other.next, options || other.options
	}
	srv.Handler = &handler{next, srv, options}
	srv.DisableGeneralOptionsHandler = true
}

// Hooked reports whether Hook was called with srv.
func Hooked(srv *http.Server) bool {
	h, is := srv.Handler.(*handler)
	return is && h.srv == srv
}

// Hook sets the Handler, ConnState, ConnContext and BaseContext of srv to ours, which call
// the program's. The program's hooks are given the connection that the listener has
// returned, or the *tls.Conn over it. base makes the context of a listener of ours, own
// makes any other context one of the Process.
func Hook(srv *http.Server, base, own func(context.Context) context.Context) {
	if Hooked(srv) {
		return // it was added twice
	}
	takeHandler(srv)

	connState, connContext := srv.ConnState, srv.ConnContext
	srv.ConnState = hookConnState(connState)
	srv.ConnContext = hookConnContext(connContext, own, connContext == nil && connState == nil)
	baseContext := srv.BaseContext
	srv.BaseContext = func(l net.Listener) context.Context {
		ctx := context.Background()
		if baseContext != nil {
			ctx = baseContext(underneath(l))
		}
		if ctx == nil {
			return nil // net/http then panics with a message of its own
		}
		switch l := l.(type) {
		case *Listener:
			return base(ctx)
		case *tlsListener:
			ctx = base(ctx)
			l.base = context.WithValue(ctx, http.ServerContextKey, srv)
			return ctx
		default: // the listener of a server that the program has made from the fields of this one
			return own(ctx)
		}
	}
}

// hookConnState is a ConnState that then calls next, the program's, unless that is nil.
func hookConnState(next func(net.Conn, http.ConnState)) func(net.Conn, http.ConnState) {
	return func(nc net.Conn, s http.ConnState) {
		if s == http.StateActive && next == nil {
			return // connState does nothing then
		}
		c := Of(nc)
		if c != nil {
			c.connState(s)
			nc = c.Conn
		}
		if next != nil {
			next(nc, s)
		}
	}
}

// hookConnContext is a ConnContext that first calls next, the program's, unless that is
// nil. alone: no hook of the program is given the connection.
func hookConnContext(next func(context.Context, net.Conn) context.Context, own func(context.Context) context.Context, alone bool) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, nc net.Conn) context.Context {
		c := Of(nc)
		if c != nil {
			nc = c.Conn
		}
		if next != nil {
			ctx = own(next(ctx, nc)) // the program may return a context that is not made from ctx
		}
		if c != nil {
			c.hooksUnset = alone
			ctx = &connContext{ctx, c}
		}
		return ctx
	}
}

// A connContext is the context of a connection. It does what context.WithValue would, with
// half of the memory.
type connContext struct {
	context.Context
	conn *Conn
}

// Value returns the connection for term.Key.
func (c *connContext) Value(key any) any {
	if term.IsKey(key) {
		return c.conn
	}
	return c.Context.Value(key)
}

// underneath returns the program's listener under l.
func underneath(l net.Listener) net.Listener {
	switch l := l.(type) {
	case *Listener:
		return l.Listener
	case *tlsListener:
		return l.Listener.Listener
	}
	return l
}

// RoutesOf returns the ServeMux that knows the patterns of srv's requests, nil if srv's
// Handler is none.
func RoutesOf(srv *http.Server) *http.ServeMux {
	if srv == nil {
		return nil
	}
	if h, is := srv.Handler.(*handler); is {
		mux, _ := h.next.(*http.ServeMux)
		return mux
	}
	return nil
}
