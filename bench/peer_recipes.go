package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck"
	"google.golang.org/grpc"
)

// untilSIGTERM runs serve beside it and returns at SIGTERM, or with the
// error of serve.
func untilSIGTERM(serve func() error) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	failed := make(chan error, 1)
	go func() { failed <- serve() }()
	select {
	case err := <-failed:
		return err
	case <-signals:
		return nil
	}
}

// serveOn serves TLS if the server is set up for it.
func serveOn(srv *http.Server, l net.Listener) error {
	if srv.TLSConfig != nil {
		return srv.ServeTLS(l, "", "")
	}
	return srv.Serve(l)
}

// afterWindow is the context of what comes after the window: what is left of
// the budget.
func (r role) afterWindow() (context.Context, context.CancelFunc) {
	if r.Grace == 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), r.Grace-r.Delay)
}

func (r role) shutdown(srv *http.Server) error {
	ctx, cancel := r.afterWindow()
	defer cancel()
	return srv.Shutdown(ctx)
}

// stopGRPC is what grpc-go's documentation recommends.
func (r role) stopGRPC(s *grpc.Server) {
	ctx, cancel := r.afterWindow()
	defer cancel()
	stopGRPC(ctx, s)
}

func stopGRPC(ctx context.Context, s *grpc.Server) {
	stopped := make(chan struct{})
	go func() {
		s.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		s.Stop()
	}
}

func serveShutdown(r role, srv *http.Server, l net.Listener) error {
	if err := untilSIGTERM(func() error { return serveOn(srv, l) }); err != nil {
		return err
	}
	time.Sleep(r.Delay)
	return r.shutdown(srv)
}

func grpcShutdown(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	s := grpc.NewServer(r.grpcOptions()...)
	register(s)
	if err := untilSIGTERM(func() error { return s.Serve(l) }); err != nil {
		return err
	}
	time.Sleep(r.Delay)
	r.stopGRPC(s)
	return nil
}

// leavingKey is the context key of the channel that is closed to ask a handler to
// leave, in the recipes that have one.
type leavingKey struct{}

// leaving is the channel on which the handlers of long requests wait.
func leaving(ctx context.Context) <-chan struct{} {
	if asked, ok := ctx.Value(leavingKey{}).(chan struct{}); ok {
		return asked
	}
	return lameduck.Draining(ctx) // nil in a server without lameduck: nothing ever comes from it
}

// serveCloseShutdown asks every client of a request during the window to
// close its connection. On HTTP/2 net/http turns that into a GOAWAY. When the
// window is over the handlers of long requests are asked to leave.
func serveCloseShutdown(r role, srv *http.Server, l net.Listener) error {
	asked := make(chan struct{})
	srv.RegisterOnShutdown(func() { close(asked) })
	srv.BaseContext = func(net.Listener) context.Context {
		return context.WithValue(context.Background(), leavingKey{}, asked)
	}
	var window atomic.Bool
	next := srv.Handler
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if window.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
	if err := untilSIGTERM(func() error { return serveOn(srv, l) }); err != nil {
		return err
	}
	window.Store(true)
	time.Sleep(r.Delay)
	return r.shutdown(srv)
}

func grpcCloseShutdown(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	asked := make(chan struct{})
	s := grpc.NewServer(withStreamContext(func(ctx context.Context) context.Context {
		return context.WithValue(ctx, leavingKey{}, asked)
	}))
	register(s)
	if err := untilSIGTERM(func() error { return s.Serve(l) }); err != nil {
		return err
	}
	time.Sleep(r.Delay)
	close(asked)
	r.stopGRPC(s)
	return nil
}

func serveExit(r role, srv *http.Server, l net.Listener) error {
	err := untilSIGTERM(func() error { return serveOn(srv, l) })
	time.Sleep(r.Delay)
	return err // and the process exits
}

func grpcExit(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	s := grpc.NewServer()
	register(s)
	err := untilSIGTERM(func() error { return s.Serve(l) })
	time.Sleep(r.Delay)
	return err
}
