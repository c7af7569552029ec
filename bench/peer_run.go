package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/oklog/run"
	"google.golang.org/grpc"
)

func serveRun(r role, srv *http.Server, l net.Listener) error {
	return runGroup(func() error { return serveOn(srv, l) }, func(error) {
		time.Sleep(r.Delay)
		_ = r.shutdown(srv) // its README does so
	})
}

func grpcRun(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	s := grpc.NewServer()
	register(s)
	return runGroup(func() error { return s.Serve(l) }, func(error) {
		time.Sleep(r.Delay)
		r.stopGRPC(s)
	})
}

func runGroup(execute func() error, interrupt func(error)) error {
	var g run.Group
	g.Add(execute, interrupt)
	g.Add(run.SignalHandler(context.Background(), syscall.SIGTERM))
	if err := g.Run(); !errors.Is(err, run.ErrSignal) {
		return err
	}
	return nil
}
