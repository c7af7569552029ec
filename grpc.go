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

// AddGRPC adds a gRPC server with its listeners, which must not do TLS; that there is
// none is an error of Run. Clients of s are asked to leave by GOAWAY, and streams are
// waited for and cut as requests are; a health Watch is not waited for. health is nil or
// the health server of s: its Shutdown, which sets all services to NOT_SERVING, is called
// when the lame duck is over, or with [Process.FailReadiness] at T0. AddGRPC panics after
// Run.
//
// A server with credentials encrypts what the library must see: wrap them in
// Credentials of the module github.com/lameduck-dev/lameduck/grpc. Without that its
// clients are asked to leave only when the lame duck is over.
//
// grpc-go keeps a read buffer of 32 KiB for each connection that is not a *net.TCPConn,
// and those of a Process are not. grpc.ReadBufferSize(0) saves that memory, and costs no
// more system calls: the library reads ahead by itself.
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

// failHealth sets the gRPC services to NOT_SERVING, if they are not.
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

// resumeHealth sets the gRPC services to SERVING again, when a termination is taken back.
func (p *Process) resumeHealth() {
	p.healthFailed = false
	for _, h := range p.health {
		if server, ok := h.server.(interface{ Resume() }); ok {
			p.call(&h.calls, "Resume of a health server", server.Resume)
		}
	}
}
