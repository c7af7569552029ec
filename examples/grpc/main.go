// Command grpc serves gRPC, in clear text or over TLS: unary calls, streams that end
// themselves when they are asked to leave, and the health service.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/examples/grpc/clock"
	lameduckgrpc "github.com/lameduck-dev/lameduck/grpc"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	cert := flag.String("cert", "", "file of the certificate; default: clear text")
	key := flag.String("key", "", "file of its key")
	flag.Parse()
	creds, err := credentialsOf(*cert, *key)
	exitIf(err)
	l, err := net.Listen("tcp", *addr)
	exitIf(err)

	var p lameduck.Process
	h := health.NewServer()
	s := grpc.NewServer(creds, grpc.StreamInterceptor(lameduckgrpc.StreamDraining(&p)))
	grpc_health_v1.RegisterHealthServer(s, h)
	clock.RegisterClockServer(s, server{})
	p.AddGRPC(s, h, l)
	exitIf(p.RunUntilSignal(context.Background()))
}

// credentialsOf returns TLS with the certificate of two files, or clear text without.
func credentialsOf(cert, key string) (grpc.ServerOption, error) {
	if cert == "" {
		return grpc.Creds(insecure.NewCredentials()), nil
	}
	c, err := credentials.NewServerTLSFromFile(cert, key)
	return grpc.Creds(lameduckgrpc.Credentials(c)), err
}

func exitIf(err error) {
	if err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}
