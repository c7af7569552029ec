package main

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/examples/grpc/clock"
)

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
