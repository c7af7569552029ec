package main

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echo is the gRPC service of every server here. It answers with its place,
// as site does.
type echo struct{ place string }

// The methods of echoService.
const (
	unaryMethod = "/bench.Echo/Unary" // one answer
	chatMethod  = "/bench.Echo/Chat"  // an answer to each message, until the client has closed its side
	watchMethod = "/bench.Echo/Watch" // messages until the server leaves, or the client
	stuckMethod = "/bench.Echo/Stuck" // one message, and then nothing, ever
)

// echoService needs no generated code: its messages are protobuf's own.
var echoService = grpc.ServiceDesc{
	ServiceName: "bench.Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		{MethodName: "Unary", Handler: unary},
	},
	Streams: []grpc.StreamDesc{
		{StreamName: "Chat", Handler: chat, ServerStreams: true, ClientStreams: true},
		{StreamName: "Watch", Handler: watch, ServerStreams: true},
		{StreamName: "Stuck", Handler: stuck, ServerStreams: true},
	},
}

type text = wrapperspb.StringValue

func (e echo) text() *text { return wrapperspb.String(e.place) }

// unary is what protoc-gen-go-grpc would generate.
func unary(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
	in := new(text)
	if err := decode(in); err != nil {
		return nil, err
	}
	answer := func(context.Context, any) (any, error) { return srv.(echo).text(), nil }
	if intercept == nil {
		return answer(ctx, in)
	}
	return intercept(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: unaryMethod}, answer)
}

func chat(srv any, stream grpc.ServerStream) error {
	for {
		if err := stream.RecvMsg(new(text)); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(srv.(echo).text()); err != nil {
			return err
		}
	}
}

func watch(srv any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(new(text)); err != nil {
		return err
	}
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for {
		if err := stream.SendMsg(srv.(echo).text()); err != nil {
			return err
		}
		select {
		case <-beats.C:
		case <-leaving(stream.Context()):
			return nil
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

func stuck(srv any, stream grpc.ServerStream) error {
	if err := stream.SendMsg(srv.(echo).text()); err != nil {
		return err
	}
	select {}
}

// withStreamContext gives the handlers of streams another context.
func withStreamContext(with func(context.Context) context.Context) grpc.ServerOption {
	return grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		return handle(srv, streamWithContext{stream, with(stream.Context())})
	})
}

type streamWithContext struct {
	grpc.ServerStream
	ctx context.Context
}

func (s streamWithContext) Context() context.Context { return s.ctx }
