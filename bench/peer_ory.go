package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/ory/graceful"
	"google.golang.org/grpc"
)

func serveOry(r role, srv *http.Server, l net.Listener) error {
	r.graceful()
	serve := func() error { return srv.Serve(l) }
	if srv.TLSConfig != nil {
		serve = func() error { return srv.ServeTLS(l, "", "") }
	}
	graceful.WithDefaults(srv) // which sets a TLSConfig in any case
	return graceful.Graceful(serve, func(ctx context.Context) error {
		time.Sleep(r.Delay)
		return srv.Shutdown(ctx)
	})
}

func grpcOry(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	r.graceful()
	s := grpc.NewServer()
	register(s)
	serve := func() error {
		if err := s.Serve(l); err != nil {
			return err
		}
		return http.ErrServerClosed // what Graceful takes for the end
	}
	return graceful.Graceful(serve, func(ctx context.Context) error {
		time.Sleep(r.Delay)
		stopGRPC(ctx, s)
		return nil
	})
}

// graceful hands over the budget.
func (r role) graceful() {
	if r.Grace > 0 {
		graceful.DefaultShutdownTimeout = r.Grace
	}
}
