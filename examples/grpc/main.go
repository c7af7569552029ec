// Command grpc serves gRPC: unary calls, streams that end themselves when they
// are asked to leave, and the health service.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/examples/grpc/clock"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	exitIf(err)

	var p lameduck.Process
	h := health.NewServer()
	s := grpc.NewServer(grpc.StreamInterceptor(draining(&p)))
	grpc_health_v1.RegisterHealthServer(s, h)
	clock.RegisterClockServer(s, server{})
	p.AddGRPC(s, h, l)
	exitIf(p.RunUntilSignal(context.Background()))
}

// draining makes lameduck.Draining work with the context of a stream.
func draining(p *lameduck.Process) grpc.StreamServerInterceptor {
	return func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		return handle(srv, stream{s, p.WithDraining(s.Context())})
	}
}

type stream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s stream) Context() context.Context { return s.ctx }

type server struct{ clock.UnimplementedClockServer }

func (server) Now(_ context.Context, r *clock.NowRequest) (*clock.NowReply, error) {
	return &clock.NowReply{Id: r.Id, UnixNano: time.Now().UnixNano()}, nil
}

func (server) Ticks(r *clock.TicksRequest, s grpc.ServerStreamingServer[clock.Tick]) error {
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for n := r.After + 1; ; n++ {
		select {
		case now := <-every.C:
			if err := s.Send(&clock.Tick{Number: n, UnixNano: now.UnixNano()}); err != nil {
				return err
			}
		case <-lameduck.Draining(s.Context()):
			return nil // the client asks another server for the next tick
		case <-s.Context().Done():
			return s.Context().Err()
		}
	}
}

func exitIf(err error) {
	if err != nil {
		slog.Error("did not end well", "error", err)
		os.Exit(1)
	}
}
