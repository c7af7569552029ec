package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// reconnect is how soon a channel dials again after a failure.
const reconnect = 10 * time.Millisecond

// channel is a gRPC channel that retries nothing. grpc-go itself still repeats a
// call that the server has certainly not seen; that cannot be switched off.
func (c *client) channel() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///bench",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return c.dial(ctx, "", "") }),
		grpc.WithDisableRetry(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: reconnect, Multiplier: 1, MaxDelay: reconnect},
			// On a busy machine the server's first SETTINGS frame may come late; a
			// port without a listener refuses at once.
			MinConnectTimeout: maxWait,
		}))
}

// rpcClient has several calls in flight at the same time on one channel. A call is broken if
// its status is not OK.
func rpcClient(calls int, think time.Duration, call func(context.Context, *client, *grpc.ClientConn) (place string, err error)) func(context.Context, *client) {
	return func(ctx context.Context, c *client) {
		conn, err := c.channel()
		if err != nil {
			c.saw(ctx, err)
			return
		}
		defer conn.Close()
		var group sync.WaitGroup
		for range calls {
			group.Go(func() {
				for ctx.Err() == nil {
					place, err := call(ctx, c, conn)
					c.saw(ctx, err)
					if place == "elsewhere" {
						return
					}
					pause(ctx, about(think))
				}
			})
		}
		group.Wait()
	}
}

func caller(ctx context.Context, _ *client, conn *grpc.ClientConn) (place string, err error) {
	answer := new(text)
	err = conn.Invoke(ctx, unaryMethod, new(text), answer)
	return answer.GetValue(), err
}

// chatter is a stream that ends by itself, after some messages.
func chatter(ctx context.Context, _ *client, conn *grpc.ClientConn) (place string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, &echoService.Streams[0], chatMethod)
	if err != nil {
		return "", err
	}
	answer := new(text)
	for range 10 {
		// A failed SendMsg returns only EOF; RecvMsg has the status.
		if err := stream.SendMsg(new(text)); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if err := stream.RecvMsg(answer); err != nil {
			return "", err
		}
		pause(ctx, about(beat))
	}
	stream.CloseSend()
	if err := stream.RecvMsg(new(text)); !errors.Is(err, io.EOF) {
		return "", errors.Join(err, errors.New("the stream did not end with OK"))
	}
	return answer.GetValue(), nil
}

// watcher is a stream that lasts. It ends after a message from the other server.
func watcher(ctx context.Context, c *client, conn *grpc.ClientConn) (place string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, &echoService.Streams[1], watchMethod)
	if err != nil {
		return "", err
	}
	if err := stream.SendMsg(new(text)); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	stream.CloseSend()
	answer := new(text)
	for {
		if err := stream.RecvMsg(answer); errors.Is(err, io.EOF) {
			return answer.GetValue(), nil
		} else if err != nil {
			return "", err
		}
		if answer.GetValue() == "elsewhere" {
			return "elsewhere", nil
		}
		c.warmed()
	}
}

// callStuckRPC returns when a handler of the server is stuck.
func callStuckRPC(addr string) (hangUp func(), err error) {
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	hangUp = func() {
		cancel()
		conn.Close()
	}
	stream, err := conn.NewStream(ctx, &echoService.Streams[2], stuckMethod)
	if err == nil {
		err = stream.RecvMsg(new(text))
	}
	if err != nil {
		hangUp()
		return nil, err
	}
	return hangUp, nil
}
