package grpcgo

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/lameduck-dev/lameduck"
)

// A server is one of grpc-go, run by the library.
type server struct {
	pb.UnimplementedTestServiceServer
	addr   string
	served atomic.Int64 // calls and messages of streams
	begin  int64        // with that many it begins to terminate; 0: never by itself
	came   chan struct{}
	stuck  chan struct{} // until it is closed EmptyCall does not return

	process   *lameduck.Process
	terminate context.CancelFunc
	ended     chan struct{}
	err       error // of Run; to be read when ended is closed
}

// serve starts one, which begins to terminate after a number of calls.
func serve(t *testing.T, after int64) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{
		addr: l.Addr().String(), begin: after, ended: make(chan struct{}),
		came: make(chan struct{}, 64), stuck: make(chan struct{}),
		process: &lameduck.Process{
			Delay:  500 * time.Millisecond,
			Quiet:  time.Second,
			Spread: 300 * time.Millisecond,
			Grace:  4 * time.Second, Reserve: 500 * time.Millisecond,
			Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		},
	}
	g, h := grpc.NewServer(grpc.StreamInterceptor(s.draining)), health.NewServer()
	pb.RegisterTestServiceServer(g, s)
	grpc_health_v1.RegisterHealthServer(g, h)
	s.process.AddGRPC(g, h, l)
	ctx, cancel := context.WithCancel(context.Background())
	s.terminate = cancel
	go func() {
		defer close(s.ended)
		s.err = s.process.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-s.ended
		g.Stop() // what a test left behind
	})
	return s
}

// endedWell waits for the end: nothing was cut.
func (s *server) endedWell(t *testing.T) {
	t.Helper()
	<-s.ended
	if s.err != nil {
		t.Errorf("Run: %v", s.err)
	}
}

func (s *server) count() {
	if s.served.Add(1) == s.begin {
		s.terminate()
	}
}

// UnaryCall answers at once.
func (s *server) UnaryCall(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	s.count()
	return &pb.SimpleResponse{}, nil
}

// FullDuplexCall answers message by message, until the client ends the stream
// or the server is to leave.
func (s *server) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	messages := make(chan error)
	go func() {
		for {
			_, err := stream.Recv()
			select {
			case messages <- err:
			case <-stream.Context().Done():
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		select {
		case err := <-messages:
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			s.count()
			if err := stream.Send(&pb.StreamingOutputCallResponse{}); err != nil {
				return err
			}
		case <-lameduck.Draining(stream.Context()):
			return nil
		}
	}
}

// EmptyCall minds neither its client nor the cut.
func (s *server) EmptyCall(context.Context, *pb.Empty) (*pb.Empty, error) {
	s.came <- struct{}{}
	<-s.stuck
	return &pb.Empty{}, nil
}

// draining makes lameduck.Draining work with the context of a stream.
func (s *server) draining(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	return handle(srv, leavingStream{stream, s.process.WithDraining(stream.Context())})
}

type leavingStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s leavingStream) Context() context.Context { return s.ctx }
