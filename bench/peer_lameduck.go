package main

import (
	"cmp"
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
	p.AddHTTP(srv, l)
	return p.RunUntilSignal(context.Background())
}

func grpcLameduck(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	p := r.process()
	s := grpc.NewServer(r.grpcOptions(withStreamContext(p.WithDraining))...)
	register(s)
	p.AddGRPC(s, nil, l)
	return p.RunUntilSignal(context.Background())
}

// process returns a Process with the clocks of the role.
func (r role) process() *lameduck.Process {
	p := newProcess()
	p.Delay, p.Quiet, p.Spread = orNone(r.Delay), orNone(r.Quiet), orNone(cmp.Or(r.Spread, r.Delay/3))
	if r.Grace > 0 {
		p.Grace, p.Reserve = r.Grace, -1
	}
	return p
}

// newProcess returns a Process that logs nothing.
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
