package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"go.uber.org/fx"
	"google.golang.org/grpc"
)

func serveFx(r role, srv *http.Server, l net.Listener) error {
	r.fx(func() error { return serveOn(srv, l) }, srv.Shutdown)
	return nil
}

func grpcFx(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	s := grpc.NewServer()
	register(s)
	r.fx(func() error { return s.Serve(l) }, func(ctx context.Context) error {
		stopGRPC(ctx, s)
		return nil
	})
	return nil
}

// fx runs an App. Its hooks stop in reverse order, so the one that sleeps is
// appended last (uber-go/fx#1205).
func (r role) fx(serve func() error, stop func(context.Context) error) {
	options := []fx.Option{fx.NopLogger, fx.Invoke(func(life fx.Lifecycle) {
		life.Append(fx.Hook{
			OnStart: func(context.Context) error {
				go serve()
				return nil
			},
			OnStop: stop,
		})
		life.Append(fx.StopHook(func() { time.Sleep(r.Delay) }))
	})}
	if r.Grace > 0 {
		options = append(options, fx.StopTimeout(r.Grace))
	}
	fx.New(options...).Run() // exits with 1 if stopping fails
}
