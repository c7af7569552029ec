package grpcgo

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/lameduck-dev/lameduck"
)

// dial returns a client that balances over servers and retries nothing.
func dial(t *testing.T, servers ...*server) *grpc.ClientConn {
	t.Helper()
	addresses := manual.NewBuilderWithScheme("pods")
	var state resolver.State
	for _, s := range servers {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: s.addr})
	}
	addresses.InitialState(state)
	c, err := grpc.NewClient("pods:///", grpc.WithResolvers(addresses), grpc.WithDisableRetry(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Unary calls, without a pause, to two servers of which one leaves.
func TestUnary(t *testing.T) {
	t.Parallel()
	leaving, staying := serve(t, 200), serve(t, 0)
	client := pb.NewTestServiceClient(dial(t, leaving, staying))
	sent := together(t, leaving, func() (int64, error) {
		_, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{})
		return 1, err
	})
	leaving.endedWell(t)
	if served := leaving.served.Load() + staying.served.Load(); served != sent {
		t.Errorf("%d calls were sent, %d came", sent, served)
	}
	status := leaving.process.Status()
	if status.LateRequests == 0 {
		t.Error("the library has counted no call after T0: it does not follow the connections")
	}
	t.Logf("%s: %d calls, %d of them to the one that leaves, %d there after T0", grpc.Version, sent, leaving.served.Load(), status.LateRequests)
}

// Streams: the server ends those that are open when it leaves, and they end
// with no error; no message is lost.
func TestStream(t *testing.T) {
	t.Parallel()
	leaving, staying := serve(t, 200), serve(t, 0)
	client := pb.NewTestServiceClient(dial(t, leaving, staying))
	var ended atomic.Int64
	answered := together(t, leaving, func() (int64, error) {
		n, whole, err := converse(t.Context(), client)
		if !whole {
			ended.Add(1)
		}
		return n, err
	})
	leaving.endedWell(t)
	if served := leaving.served.Load() + staying.served.Load(); served != answered {
		t.Errorf("%d messages were answered, %d came", answered, served)
	}
	t.Logf("%s: %d messages, %d of them to the one that leaves; it ended %d streams", grpc.Version, answered, leaving.served.Load(), ended.Load())
}

// converse has one stream with as many messages, fewer if the server ends it.
func converse(ctx context.Context, client pb.TestServiceClient) (answered int64, whole bool, err error) {
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		return 0, false, err
	}
	for range 50 {
		if err := stream.Send(&pb.StreamingOutputCallRequest{}); err != nil && !errors.Is(err, io.EOF) {
			return answered, false, err
		}
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return answered, false, nil
		} else if err != nil {
			return answered, false, err
		}
		answered++
		time.Sleep(2 * time.Millisecond)
	}
	if err := stream.CloseSend(); err != nil {
		return answered, true, err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return answered, true, err
	}
	return answered, true, nil
}

// together makes calls, four at a time, until a while after the termination.
// It returns the sum of what they return.
func together(t *testing.T, leaving *server, call func() (int64, error)) int64 {
	var sum atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for left := 100_000; left > 0; left-- {
				n, err := call()
				if err != nil {
					t.Errorf("%s: %v", grpc.Version, err)
					return
				}
				sum.Add(n)
				select {
				case <-leaving.ended:
					left = min(left, 10)
				default:
				}
			}
		})
	}
	clients.Wait()
	return sum.Load()
}

// A watch of the health service receives NOT_SERVING, and does not delay the exit.
func TestHealthWatch(t *testing.T) {
	t.Parallel()
	s := serve(t, 0)
	watch, err := grpc_health_v1.NewHealthClient(dial(t, s)).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []grpc_health_v1.HealthCheckResponse_ServingStatus{grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING} {
		got, err := watch.Recv()
		if err != nil || got.Status != want {
			t.Fatalf("%v, %v; want %v", got.GetStatus(), err, want)
		}
		s.terminate()
	}
	s.endedWell(t)
}

// A handler that never returns is cut, and Run returns; also when its client
// has gone before: then grpc-go older than 1.85 blocks in Stop for ever
// (grpc/grpc-go#9393).
func TestStuck(t *testing.T) {
	for name, leaves := range map[string]bool{"client stays": false, "client leaves": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, 0)
			t.Cleanup(func() { close(s.stuck) })
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := dial(t, s)
			failed := make(chan error, 1)
			go func() {
				_, err := pb.NewTestServiceClient(c).EmptyCall(ctx, &pb.Empty{})
				failed <- err
			}()
			<-s.came
			s.terminate()
			if leaves {
				cancel()
				c.Close()
				<-failed
			}
			<-s.ended
			if !errors.Is(s.err, lameduck.ErrCut) || !leaves && !strings.Contains(s.err.Error(), "/grpc.testing.TestService/EmptyCall") {
				t.Errorf("Run: %v", s.err)
			}
			t.Logf("%s: %v", grpc.Version, s.err)
		})
	}
}
