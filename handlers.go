package lameduck

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// WithDraining returns ctx with a moment within Spread at which [Draining]
// tells it to leave: for the streams of a gRPC server (in an interceptor), for
// whatever else lives long and has no context of a request. When ctx ends it is
// forgotten.
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
// A long-lived handler (WebSocket, server-sent events, long poll) says its
// goodbye when the channel closes and returns.
func Draining(ctx context.Context) <-chan struct{} {
	return term.Draining(ctx)
}

// Ready is a readiness handler. It answers 200 until the listener closes,
// and with [Process.FailReadiness] 503 from T0 on.
//
// 200 is right behind a Kubernetes Service: a deleted pod leaves the
// endpoints whatever readiness says, and if all endpoints are terminating
// kube-proxy falls back to those that still are ready (KEP-1669).
func Ready(w http.ResponseWriter, r *http.Request) {
	p := spare(r)
	if p != nil && p.FailReadiness && p.state.Current.Load() != nil {
		http.Error(w, "terminating", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

// PreStop is a handler for a preStop httpGet hook. It begins the lame duck,
// as the stop signal would, and answers when that is over. The time is
// counted once: the stop signal that follows goes on from there. If none
// follows within 5 s the process goes back to serving, for the call may not have
// been the kubelet's. A stop signal that comes later, but within Grace of the
// call, begins a lame duck that is as much shorter as Grace, which counts from the
// call.
func PreStop(w http.ResponseWriter, r *http.Request) {
	p := spare(r)
	if p == nil {
		http.Error(w, "this server is not run by lameduck", http.StatusNotImplemented)
		return
	}
	d := p.begin("preStop", false)
	select {
	case <-d.Over.Done:
		if r.ProtoMajor < 2 {
			w.Header().Set("Connection", "close")
		}
		io.WriteString(w, "the lame duck is over\n")
	case <-r.Context().Done():
	}
}

// spare returns the Process that serves r, and takes r out of the late
// arrivals: a probe or a hook is not a client.
func spare(r *http.Request) *Process {
	link.ExcludeFromLate(r)
	p, _ := r.Context().Value(ownerKey).(*Process)
	return p
}

// NetConn returns the connection that the listener has made, mostly a
// *net.TCPConn, for one that a Process gave to the program: to a hook of
// http.Server or of its TLSConfig, to a handler that took it over, to AddConn.
// Below TLS, too: its options and addresses are those of the client's connection,
// and what is read or written there breaks the TLS. Of any other connection it
// returns that itself.
func NetConn(c net.Conn) net.Conn { return link.NetConn(c) }
