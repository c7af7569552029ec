package lameduck

import (
	"context"
	"fmt"
	"net"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/task"
)

// A GRPCServer is a *grpc.Server of google.golang.org/grpc.
type GRPCServer interface {
	Serve(net.Listener) error
	GracefulStop()
	Stop()
}

// AddGRPC adds a gRPC server, on at least one listener that does no TLS. Its clients
// are asked to leave by GOAWAY, and its streams are waited for and cut as requests
// are; a health Watch is not waited for. health is nil or the health server of s
// (Shutdown sets all to NOT_SERVING): it is shut down when the lame duck is over, and
// with [Process.FailReadiness] at T0. AddGRPC panics after Run.
//
// A server with credentials encrypts what the library must see: wrap them in
// Credentials of the module github.com/lameduck-dev/lameduck/grpc. Without that its
// clients are asked to leave only when the lame duck is over.
//
// grpc-go keeps a read buffer of 32 KiB for each connection that is no *net.TCPConn, as
// ours are not. With grpc.ReadBufferSize(0) an idle connection has none: lameduck reads
// ahead of the frames.
func (p *Process) AddGRPC(s GRPCServer, health interface{ Shutdown() }, listeners ...net.Listener) {
	p.adding("AddGRPC")
	x := &server{listeners: listeners, end: s.Stop}
	x.finish = task.New(string(KindGRPCServer), fmt.Sprint(len(p.servers)), func(context.Context) error { s.GracefulStop(); return nil })
	x.serve = func(l *link.Listener) error {
		l.Begin = (*link.Conn).BeginGRPC
		return s.Serve(l)
	}
	p.servers = append(p.servers, x)
	if health != nil {
		p.health = append(p.health, &healthServer{server: health})
	}
}

// failHealth sets the gRPC services to NOT_SERVING.
func (p *Process) failHealth() {
	if len(p.health) == 0 || p.healthFailed {
		return
	}
	p.healthFailed = true
	p.conns.AwaitNews()
	for _, h := range p.health {
		p.call(&h.calls, "Shutdown of a health server", h.server.Shutdown)
	}
}

// resumeHealth is for a termination that was taken back.
func (p *Process) resumeHealth() {
	p.healthFailed = false
	for _, h := range p.health {
		if server, ok := h.server.(interface{ Resume() }); ok {
			p.call(&h.calls, "Resume of a health server", server.Resume)
		}
	}
}
