package lameduck

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// WithDraining returns ctx with a moment within Spread, of its own, at which
// [Draining] of it closes: for the streams of a gRPC server (in an interceptor), and
// for all else that lasts long and has no context of a request. p refers to it until
// ctx ends.
func (p *Process) WithDraining(ctx context.Context) context.Context {
	return p.members.Join(p.own(ctx), &p.state)
}

// Draining returns a channel that is closed when what has ctx should
// leave: for the context of a request, or of a connection hijacked from it,
// at the connection's own moment within Spread; for that of
// [Process.WithDraining], at one of its own; for the context of a worker, when
// termination begins. The context itself goes on until the cut. With a
// context of another origin it returns nil, which never is ready.
//
// A long-lived handler (WebSocket, server-sent events, long poll) ends its
// conversation when the channel closes, and returns. Package lameducktest has a
// context to test that with.
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

// Ready is a readiness handler for whatever server, such as one for admins. It
// answers 200 from the start of Run until the listeners of p close, and with
// [Process.FailReadiness] until T0; otherwise 503.
//
// 200 until then is right behind a Kubernetes Service: a deleted pod leaves the
// endpoints whatever its readiness is, and if all endpoints are terminating
// kube-proxy falls back to those that still are ready (KEP-1669).
func (p *Process) Ready(w http.ResponseWriter, r *http.Request) {
	link.ExcludeFromLate(r)
	switch {
	case p.watch.phase.Load() == nil:
		http.Error(w, "not running", http.StatusServiceUnavailable)
	case p.state.Closing.Load() || p.FailReadiness && p.state.Current.Load() != nil:
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

// PreStop is a handler for a preStop httpGet hook, on whatever server, such as one
// for admins. It begins the lame duck, as the stop signal would, and answers 200 when
// that is over; before Run it answers 503. The time is counted once: the stop signal
// that follows goes on from there. If none follows within 5 s the process goes back to
// serving, for the call may not have been the kubelet's. A stop signal that comes
// later, but within Grace of the call, begins a lame duck that is as much shorter as
// Grace, which counts from the call.
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

// NetConn returns the connection that the listener has made, mostly a
// *net.TCPConn, for one that a Process gave to the program: to a hook of
// http.Server or of its TLSConfig, to a handler that took it over, to serve of AddConn.
// Below TLS, too: its options and addresses are those of the client's connection,
// and what is read or written there breaks the TLS. Of any other connection it
// returns that itself.
func NetConn(c net.Conn) net.Conn { return link.NetConn(c) }
