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

// ExcludeFromLate takes r out of the late arrivals of its connection, if that is one of
// ours.
func ExcludeFromLate(r *http.Request) {
	if c, ok := r.Context().Value(term.Key).(*Conn); ok {
		c.excludeFromLate(r)
	}
}

func (c *Conn) excludeFromLate(r *http.Request) {
	var undo func()
	if h := c.h2.Load(); h != nil {
		undo = h.takeUndo(r)
	} else {
		undo, c.undo = c.undo, nil
	}
	if undo != nil {
		undo()
	}
}

// A handler is the request path: it notes the request on its connection and,
// during termination, asks the client to leave.
type handler struct {
	next    http.Handler
	options bool // OPTIONS * is not for next: net/http would answer it beside next, and so beside us
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(term.Key).(*Conn)
	switch {
	case c == nil: // net/http was handed a connection of somebody else's
	case r.ProtoMajor == 2:
		h.serveStream(c, w, r)
		return
	default:
		c.answered = false
		c.doing.Store(r)
		if d := c.env.State.Current.Load(); d != nil {
			c.serveLeaving(d, w, r)
		}
	}
	h.serve(w, r)
}

// serveLeaving notes a request of HTTP/1 that comes during the termination, and
// asks its client to leave if that has been told.
func (c *Conn) serveLeaving(d *term.Termination, w http.ResponseWriter, r *http.Request) {
	if c.waking.Load() {
		c.stayAwake() // woken when nobody knew yet that a request had begun
	}
	c.note.Store(&note{of: r, since: time.Now()})
	c.undo = c.arrive(d, r)
	if c.told(d) && !wantsUpgrade(r) { // writeHTTP1 sees whether the answer is an upgrade
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

// serveStream is ServeHTTP for HTTP/2, where the connection asks the client
// to leave.
func (h handler) serveStream(c *Conn, w http.ResponseWriter, r *http.Request) {
	if h2 := c.h2.Load(); h2 != nil { // nil if HTTP/2 began otherwise, as h2c's upgrade does
		if !h2.begin(r) {
			return
		}
		defer h2.end(r)
	}
	h.serve(w, r)
}

// arrive counts a request that came after T0. Probes of the kubelet do not
// count: they would hold the lame duck open for ever. undo takes it back.
func (c *Conn) arrive(d *term.Termination, r *http.Request) (undo func()) {
	if strings.HasPrefix(r.UserAgent(), "kube-probe/") {
		return nil
	}
	undoConn := c.CountLate(d)
	undoReq := d.LateReq()
	return func() {
		undoConn()
		undoReq()
	}
}

// CountLate counts the connection, once, if it came after T0.
func (c *Conn) CountLate(d *term.Termination) (undo func()) {
	if !c.late(d) || c.counted.Swap(d) == d {
		return func() {}
	}
	undoLate := d.LateConn()
	return func() {
		undoLate()
		c.counted.Store(nil)
	}
}

func (h handler) serve(w http.ResponseWriter, r *http.Request) {
	if h.options && r.Method == "OPTIONS" && r.RequestURI == "*" {
		answerOptions(w, r)
		return
	}
	h.next.ServeHTTP(w, r)
}

// answerOptions answers OPTIONS * as net/http does, which reads 4 KiB of a body.
func answerOptions(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "0")
	if r.ContentLength != 0 {
		io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 4<<10))
	}
}

// takeHandler puts srv's handler on the request path.
func takeHandler(srv *http.Server) {
	next := srv.Handler
	if next == nil {
		next = http.DefaultServeMux
	}
	srv.Handler = handler{next, !srv.DisableGeneralOptionsHandler}
	srv.DisableGeneralOptionsHandler = true
}

// state follows net/http's view of a connection. On the way of a request it
// costs one atomic store, when the connection goes idle.
func (c *Conn) state(s http.ConnState) {
	switch s {
	case http.StateActive:
		if !c.begun && c.h2.Load() == nil {
			c.heard() // a pipelined request was in net/http's buffer
		}
	case http.StateIdle:
		if c.h2.Load() == nil { // else the frames tell more
			c.wentIdle()
		}
	case http.StateHijacked:
		c.wentAway()
	case http.StateClosed:
		c.wasClosed()
	}
}

func (c *Conn) wentIdle() {
	c.arms = 0
	c.begun = false
	c.unlimited = false // a handler may have set one
	c.quietNow()
	c.doing.Store(nil)
	if c.env.State.Closing.Load() { // after the store: the closing phase has seen it, or is notified
		c.env.Set.announce(c)
	}
}

// wentSilent is wentIdle for HTTP/2, where the last answer has been sent.
func (c *Conn) wentSilent() {
	c.quietNow()
	c.env.Set.announce(c)
}

func (c *Conn) wentAway() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.noteHijacked(c.doing.Load())
	c.answered = true // what is written from now on is nobody's answer
	c.doing.Store(hijacked)
	c.env.Set.take(c, c.alone && !c.held, c.Leave)
	c.forget()
}

// wasClosed is called when net/http has closed the connection. It has ended
// an HTTP/1 handler by then, but not those of HTTP/2.
func (c *Conn) wasClosed() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.closed.Store(true)
	c.doing.Store(nil)
	c.forget()
}

// handled is called when the last handler of an HTTP/2 connection has ended. If
// that is closed meanwhile, whoever does it sees that there is none.
func (c *Conn) handled() {
	if !c.closed.Load() {
		return
	}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.forget()
}

// Hook puts the request path into srv, and us in front of hooks that are there
// already. Those are given the connection as the listener made it. The contexts of
// connections are those that own returns: base is that of a listener's.
func Hook(srv *http.Server, base, own func(context.Context) context.Context) {
	if _, hooked := srv.Handler.(handler); hooked {
		return // it was added twice
	}
	takeHandler(srv)

	connState := srv.ConnState
	srv.ConnState = func(nc net.Conn, s http.ConnState) {
		c := Of(nc)
		if c != nil {
			c.state(s)
			nc = c.Conn
		}
		if connState != nil {
			connState(nc, s)
		}
	}

	connContext := srv.ConnContext
	srv.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
		c := Of(nc)
		if c != nil {
			nc = c.Conn
		}
		if connContext != nil {
			ctx = own(connContext(ctx, nc)) // which may be of another origin
		}
		if c != nil {
			c.alone = connContext == nil && connState == nil
			ctx = context.WithValue(ctx, term.Key, term.Leaver(c))
		}
		return ctx
	}

	baseContext := srv.BaseContext
	srv.BaseContext = func(l net.Listener) context.Context {
		ctx := context.Background()
		if baseContext != nil {
			ctx = baseContext(underneath(l))
		}
		return base(ctx)
	}
}

// underneath returns the listener as the program has made it.
func underneath(l net.Listener) net.Listener {
	switch l := l.(type) {
	case *Listener:
		return l.Listener
	case *tlsListener:
		return l.Listener
	}
	return l
}

// Of returns the connection that net/http was given, nil if it is not from
// one of our listeners.
func Of(nc net.Conn) *Conn {
	switch c := nc.(type) {
	case socketConn: // the commonest first
		return c.Conn
	case *Conn:
		return c
	case readerFromConn:
		return c.Conn
	case writerToConn:
		return c.Conn
	case *tlsConn:
		return c.Conn
	}
	return nil
}
