package lameduck

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// WithDraining returns a context made from ctx, whose [Draining] channel closes at a
// random moment of its own within Spread after T0. It is for the streams of a gRPC server
// (in an interceptor), and for all else that is long-lived and does not have the context
// of a request. ctx must end when the work does: p keeps the context until then.
func (p *Process) WithDraining(ctx context.Context) context.Context {
	return p.members.Join(p.own(ctx), &p.state)
}

// Draining returns a channel that closes when the work that has ctx should end. With the
// context of a request, of a connection that was hijacked from it, or of AddConn, it
// closes at the connection's own moment within Spread; with one of
// [Process.WithDraining] at the moment of that; with the context of a worker at the stop
// signal. ctx itself goes on: the termination ends it only at the cut. For any other
// context Draining returns nil, a channel that never closes.
//
// A long-lived handler (WebSocket, server-sent events, long poll) ends its
// conversation when the channel closes, and returns. Package lameducktest makes such a
// context for the test of a handler.
func Draining(ctx context.Context) <-chan struct{} {
	return term.Draining(ctx)
}

// Ready is a readiness handler for a server of a Process: see [Process.Ready]. On
// any other server it answers 200.
func Ready(w http.ResponseWriter, r *http.Request) {
	if p := ownerOf(r); p != nil {
		p.Ready(w, r)
		return
	}
	io.WriteString(w, "ready\n")
}

// Ready is a readiness handler for any server, for example that of an admin port. It
// answers 200 from the start of Run until the listeners of p close, or with
// [Process.FailReadiness] until T0; otherwise 503.
//
// For a pod of a Kubernetes Service 200 during the lame duck is right: a deleted pod
// leaves the endpoints whatever its readiness is, and if all endpoints are terminating
// kube-proxy falls back to those that are still ready (KEP-1669).
func (p *Process) Ready(w http.ResponseWriter, r *http.Request) {
	link.ExcludeFromLate(r)
	switch {
	case p.watch.phase.Load() == nil:
		http.Error(w, "not running", http.StatusServiceUnavailable)
	case p.state.Finishing.Load() || p.FailReadiness && p.state.Current.Load() != nil:
		http.Error(w, "terminating", http.StatusServiceUnavailable)
	default:
		io.WriteString(w, "ready\n")
	}
}

// PreStop is a handler for a preStop httpGet hook, on a server of a Process: see
// [Process.PreStop]. On any other server it answers 501.
func PreStop(w http.ResponseWriter, r *http.Request) {
	if p := ownerOf(r); p != nil {
		p.PreStop(w, r)
		return
	}
	http.Error(w, "this server is not run by lameduck", http.StatusNotImplemented)
}

// PreStop is a handler for a preStop httpGet hook, on any server, for example that of an
// admin port. It begins the lame duck, as the stop signal would, and answers 200 when
// the lame duck is over; before Run it answers 503. The stop signal that follows does
// not begin another one. If none follows within 5 s of its end, the process goes back to
// serving, because the call may not have been the kubelet's. A stop signal that comes
// after those 5 s begins a new lame duck. Within Grace of the call, Grace still counts
// from the call, as the kubelet's grace period does, and the new lame duck is shorter.
func (p *Process) PreStop(w http.ResponseWriter, r *http.Request) {
	link.ExcludeFromLate(r)
	d := p.beginHook()
	if d == nil {
		http.Error(w, "not running", http.StatusServiceUnavailable)
		return
	}
	select {
	case <-d.Over.Done:
		if r.ProtoMajor < 2 {
			w.Header().Set("Connection", "close")
		}
		io.WriteString(w, "the lame duck is over\n")
	case <-r.Context().Done():
	}
}

// ownerOf returns the Process that serves r, nil if none does.
func ownerOf(r *http.Request) *Process {
	p, _ := r.Context().Value(ownerKey).(*Process)
	return p
}

// NetConn returns the connection that the listener has returned, mostly a *net.TCPConn,
// which is under c. c is a connection that a Process has given to the program: to a
// hook of http.Server or of its TLSConfig, to a handler that has hijacked it, or to
// serve of AddConn; of any other c NetConn returns c. If c uses TLS, the connection
// below has the socket's options and addresses, and reading or writing it breaks the
// TLS.
func NetConn(c net.Conn) net.Conn { return link.NetConn(c) }
