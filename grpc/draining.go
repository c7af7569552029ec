package lameduckgrpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/lameduck-dev/lameduck"
)

// StreamDraining makes [lameduck.Draining] work with the context of a stream: its
// channel closes at the stream's own moment within Spread. A long-lived handler should
// return nil then: its client sees the stream end without an error, and begins the next
// one on another pod.
func StreamDraining(p *lameduck.Process) grpc.StreamServerInterceptor {
	return func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		return handle(srv, stream{s, p.WithDraining(s.Context())})
	}
}

// UnaryDraining is the same for unary calls that are long-lived, such as a long poll.
func UnaryDraining(p *lameduck.Process) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		return handle(p.WithDraining(ctx), r)
	}
}

type stream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s stream) Context() context.Context { return s.ctx }
