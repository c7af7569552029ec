package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/lameduck-dev/lameduck"
	"google.golang.org/grpc"
)

func serveLameduck(r role, srv *http.Server, l net.Listener) error {
	p := r.process()
	p.Serve(srv, l)
	return p.RunUntilSignal()
}

func grpcLameduck(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	p := r.process()
	s := grpc.NewServer(grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		return handle(srv, toldStream{stream, p.WithDraining(stream.Context())})
	}))
	register(s)
	p.ServeGRPC(s, nil, l)
	return p.RunUntilSignal()
}

// A toldStream is a stream whose handler can ask when to leave.
type toldStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s toldStream) Context() context.Context { return s.ctx }

// process returns a Process with the clocks of the role.
func (r role) process() *lameduck.Process {
	p := newProcess()
	p.Delay, p.Quiet, p.Spread = orNone(r.Delay), orNone(r.Quiet), orNone(r.Delay/3)
	if r.Grace > 0 {
		p.Grace, p.Reserve = r.Grace, -1
	}
	return p
}

// newProcess returns a Process that says nothing.
func newProcess() *lameduck.Process {
	return &lameduck.Process{Log: slog.New(slog.DiscardHandler)}
}

// orNone is d for a clock of a Process, where zero stands for the default.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}
