package main

import (
	"net"
	"net/http"

	"google.golang.org/grpc"
	"knative.dev/pkg/network/handlers"
)

// serveKnative is knative's queue-proxy in small: Drain, which waits for a
// quiet period and has no bound, then Shutdown.
func serveKnative(r role, srv *http.Server, l net.Listener) error {
	drainer := &handlers.Drainer{Inner: srv.Handler, QuietPeriod: r.Delay}
	srv.Handler = drainer
	if err := untilSIGTERM(func() error { return serveOn(srv, l) }); err != nil {
		return err
	}
	if r.Delay > 0 { // 0 would stand for its default of 30 s
		drainer.Drain()
	}
	return r.shutdown(srv)
}

func grpcKnative(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	s := grpc.NewServer()
	register(s)
	srv, err := newHTTPServer(clear2, s)
	if err != nil {
		return err
	}
	return serveKnative(r, srv, l)
}
