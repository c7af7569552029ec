package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/go-kratos/kratos/v2"
	"github.com/go-kratos/kratos/v2/log"
	"github.com/go-kratos/kratos/v2/transport"
	kratosgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	kratoshttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/grpc"
)

// serveKratos uses kratos's own server. Its timeout of 1 s a request would
// cut the context of what lasts longer.
func serveKratos(r role, srv *http.Server, l net.Listener) error {
	options := []kratoshttp.ServerOption{kratoshttp.Listener(l), kratoshttp.Timeout(0)}
	if srv.TLSConfig != nil {
		options = append(options, kratoshttp.TLSConfig(srv.TLSConfig))
	}
	s := kratoshttp.NewServer(options...)
	s.Protocols = srv.Protocols
	s.HandlePrefix("/", srv.Handler)
	return r.kratos(s)
}

func grpcKratos(r role, register func(grpc.ServiceRegistrar), l net.Listener) error {
	s := kratosgrpc.NewServer(kratosgrpc.Listener(l), kratosgrpc.Timeout(0))
	register(s)
	return r.kratos(s)
}

func (r role) kratos(s transport.Server) error {
	log.SetLogger(log.NewStdLogger(io.Discard))
	options := []kratos.Option{
		kratos.Server(s),
		kratos.BeforeStop(func(context.Context) error {
			time.Sleep(r.Delay)
			return nil
		}),
	}
	if r.Grace > 0 {
		options = append(options, kratos.StopTimeout(r.Grace-r.Delay))
	}
	return kratos.New(options...).Run()
}
