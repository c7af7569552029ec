package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/lameduck-dev/lameduck/examples/grpc/clock"
)

// GRPC calls Now, follows Ticks, and watches the health of the server, each
// on channels that a grpc-go client keeps, without retries. A stream of ticks
// may end without an error, and goes on elsewhere with the next number; a
// Watch may break off once it has sent NOT_SERVING.
func GRPC(ctx context.Context, dial Dial, t *Tally) {
	rpc(&client{ctx, dial, t}, insecure.NewCredentials())
}

// GRPCTLS is [GRPC] over TLS. It accepts any certificate.
func GRPCTLS(ctx context.Context, dial Dial, t *Tally) {
	rpc(&client{ctx, dial, t}, credentials.NewTLS(anyCertificate()))
}

func rpc(c *client, creds credentials.TransportCredentials) {
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			channel, err := c.channel(creds)
			if err != nil {
				c.t.Lose(err)
				return
			}
			defer channel.Close()
			c.calls(channel)
		})
	}
	group.Wait()
}

// channel is one client's connection, made anew whenever it is gone.
func (c *client) channel(creds credentials.TransportCredentials) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///load",
		grpc.WithTransportCredentials(creds),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: retryPause, Multiplier: 1, MaxDelay: retryPause}, MinConnectTimeout: patience}),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return c.dial(ctx) }),
		grpc.WithDisableRetry())
}

// calls makes all kinds of calls on one channel.
func (c *client) calls(channel *grpc.ClientConn) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { c.now(clock.NewClockClient(channel)) })
	}
	for range 3 {
		group.Go(func() { c.ticks(clock.NewClockClient(channel)) })
	}
	group.Go(func() { c.watch(grpc_health_v1.NewHealthClient(channel)) })
	group.Wait()
}

// now makes one unary call after another.
func (c *client) now(service clock.ClockClient) {
	for id := int64(1); !c.done(); id++ {
		ctx, cancel := c.attempt()
		reply, err := service.Now(ctx, &clock.NowRequest{Id: id})
		if err == nil && reply.Id != id {
			err = lostBy("wrong-answer", fmt.Errorf("%d to %d", reply.Id, id))
		}
		c.t.End(rpcLoss(err))
		cancel()
		if err != nil {
			c.pause(retryPause)
		}
		c.pause(thinkTime())
	}
}

// ticks follows ticks, from one stream to the next. Each is an attempt.
func (c *client) ticks(service clock.ClockClient) {
	for last := int64(0); !c.done(); c.pause(retryPause) {
		// The load leaves between two ticks.
		ctx, cancel := context.WithCancel(context.WithoutCancel(c.ctx))
		tooLong := time.AfterFunc(patience, cancel)
		stream, err := service.Ticks(ctx, &clock.TicksRequest{After: last})
		for err == nil && !c.done() {
			last, err = c.tick(stream, last)
			tooLong.Reset(patience)
		}
		tooLong.Stop()
		cancel()
		switch {
		case errors.Is(err, io.EOF):
			c.t.AskedToLeave("end of the stream")
		case err != nil:
			c.t.Lose(rpcLoss(err))
		}
	}
}

func (c *client) tick(stream grpc.ServerStreamingClient[clock.Tick], last int64) (int64, error) {
	tick, err := stream.Recv()
	if err != nil {
		return last, err
	}
	if tick.Number != last+1 {
		c.t.Lose(lostBy("left-out", fmt.Errorf("tick %d came after %d", tick.Number, last)))
	} else {
		c.t.Got()
	}
	return tick.Number, nil
}

// watch watches the server's health. Each Watch is an attempt, lost if it
// breaks off and the server had not sent NOT_SERVING before.
func (c *client) watch(service grpc_health_v1.HealthClient) {
	for !c.done() {
		last, err := c.watchOnce(service)
		switch {
		case c.done(), last == grpc_health_v1.HealthCheckResponse_NOT_SERVING:
			c.t.Got()
		case last == grpc_health_v1.HealthCheckResponse_SERVING:
			c.t.Lose(lostBy("watch-unwarned", err))
		default:
			c.t.Lose(rpcLoss(err))
		}
		c.pause(retryPause)
	}
}

// watchOnce watches until the stream breaks or the load ends, and returns the
// last status that it received.
func (c *client) watchOnce(service grpc_health_v1.HealthClient) (last grpc_health_v1.HealthCheckResponse_ServingStatus, err error) {
	stream, err := service.Watch(c.ctx, &grpc_health_v1.HealthCheckRequest{})
	for err == nil {
		var health *grpc_health_v1.HealthCheckResponse
		if health, err = stream.Recv(); err != nil {
			break
		}
		last = health.Status
		if last == grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			c.t.AskedToLeave("NOT_SERVING")
		}
	}
	return last, err
}

// rpcLoss is err with its gRPC code as the reason.
func rpcLoss(err error) error {
	switch code := status.Code(err); code {
	case codes.OK:
		return nil
	case codes.Unavailable:
		return lostBy("unavailable", err)
	case codes.DeadlineExceeded:
		return lostBy("timeout", err)
	default:
		return lostBy(strings.ToLower(code.String()), err)
	}
}
