package lameduck

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// leaverKey is the context key of who is asked to leave: the connection of a
// request, or the Process of a worker. A pointer is the fastest to compare.
var leaverKey any = new(byte)

type leaver interface {
	draining() <-chan struct{}
	owner() *Process
}

func (c *conn) owner() *Process    { return c.process }
func (p *Process) owner() *Process { return p }

// Draining returns a channel that is closed when whoever holds ctx should
// leave: for the context of a request, or of a connection hijacked from it,
// at the connection's own moment within Spread; for the context of a worker,
// when termination begins. The context itself goes on until the cut. With a
// context of another origin it returns nil, which never is ready.
//
// A long-lived handler (WebSocket, server-sent events, long poll) says its
// goodbye when the channel closes and returns.
func Draining(ctx context.Context) <-chan struct{} {
	if l, ok := ctx.Value(leaverKey).(leaver); ok {
		return l.draining()
	}
	return nil
}

// Ready is a readiness handler. It answers 200 until the listener closes,
// and with [Process.FailReadiness] 503 from the begin of termination.
//
// 200 is right behind a Kubernetes Service: a deleted pod leaves the
// endpoints whatever readiness says, and if all endpoints are terminating
// kube-proxy falls back to those that still are ready (KEP-1669).
func Ready(w http.ResponseWriter, r *http.Request) {
	p := spare(r)
	if p != nil && p.FailReadiness && p.drain.Load() != nil {
		http.Error(w, "terminating", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

// PreStop is a handler for a preStop httpGet hook. It begins the lame duck,
// as the stop signal would, and answers when that is over. The time is
// counted once: the stop signal that follows goes on from there. If none
// follows within 5 s the call was not the kubelet's, and the process goes
// back to serving.
func PreStop(w http.ResponseWriter, r *http.Request) {
	p := spare(r)
	if p == nil {
		http.Error(w, "this server is not run by lameduck", http.StatusNotImplemented)
		return
	}
	d := p.begin("preStop", false)
	select {
	case <-d.over.done:
		w.Header().Set("Connection", "close")
		io.WriteString(w, "the lame duck is over\n")
	case <-r.Context().Done():
	}
}

// spare returns the Process that serves r, and takes r out of the late
// arrivals: a probe or a hook is not a client.
func spare(r *http.Request) *Process {
	l, ok := r.Context().Value(leaverKey).(leaver)
	if !ok {
		return nil
	}
	if c, ok := l.(*conn); ok && c.undo != nil {
		c.undo()
		c.undo = nil
	}
	return l.owner()
}

// A handler is the request path: it notes the request on its connection and,
// during termination, asks the client to leave.
type handler struct{ next http.Handler }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(leaverKey).(*conn)
	if c == nil {
		h.next.ServeHTTP(w, r) // net/http was handed a connection of somebody else's
		return
	}
	c.doing.Store(r)
	if d := c.process.drain.Load(); d != nil {
		c.arrive(d, r)
		if c.told(d) {
			w.Header().Set("Connection", "close")
		}
	}
	h.next.ServeHTTP(w, r)
}

// arrive counts a request that came after T0. Probes of the kubelet do not
// count: they would hold the lame duck open for ever.
func (c *conn) arrive(d *drain, r *http.Request) {
	c.undo = nil
	if strings.HasPrefix(r.UserAgent(), "kube-probe/") {
		return
	}
	undoConn := func() {}
	if c.late(d) && c.counted != d {
		c.counted = d
		undoConn = d.lateConn()
	}
	undoReq := d.lateReq()
	c.undo = func() {
		undoConn()
		undoReq()
		c.counted = nil
	}
}

// serverHandler is srv's handler on the request path.
func serverHandler(srv *http.Server) http.Handler {
	if srv.Handler != nil {
		return handler{srv.Handler}
	}
	return handler{http.DefaultServeMux}
}

// connState follows net/http's view of a connection. On the way of a request
// it costs one atomic store, when the connection goes idle.
func (p *Process) connState(c *conn, s http.ConnState) {
	switch s {
	case http.StateActive:
		if c.closable() {
			c.heard() // a pipelined request was in net/http's buffer
		}
	case http.StateIdle:
		p.wentIdle(c)
	case http.StateHijacked:
		c.wentAway()
	case http.StateClosed:
		p.conns.remove(c)
	}
}

func (c *conn) wentAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doing.Store(hijacked)
	if c.closed {
		c.process.conns.remove(c)
	}
}

func (p *Process) wentIdle(c *conn) {
	if p.drain.Load() != nil {
		c.quietAt.Store(int64(time.Since(c.born)))
	}
	c.arms = 0
	c.doing.Store(nil)
	if p.closing.Load() {
		p.conns.poke()
	}
}

// hook puts the Process into srv, in front of hooks that are there already.
// Those are given the connection as the listener made it.
func (p *Process) hook(srv *http.Server) {
	if _, hooked := srv.Handler.(handler); hooked {
		return // it was added twice
	}
	srv.Handler = serverHandler(srv)

	connState := srv.ConnState
	srv.ConnState = func(nc net.Conn, s http.ConnState) {
		c, ours := nc.(*conn)
		if ours {
			p.connState(c, s)
			nc = c.Conn
		}
		if connState != nil {
			connState(nc, s)
		}
	}

	connContext := srv.ConnContext
	srv.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
		c, ours := nc.(*conn)
		if ours {
			nc = c.Conn
		}
		if connContext != nil {
			ctx = connContext(ctx, nc)
		}
		if ours {
			ctx = context.WithValue(ctx, leaverKey, leaver(c))
		}
		return ctx
	}

	baseContext := srv.BaseContext
	srv.BaseContext = func(l net.Listener) context.Context {
		ctx := context.Background()
		if baseContext != nil {
			ctx = baseContext(l)
		}
		return p.untilCut(ctx)
	}
}
