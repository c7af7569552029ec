package main

import (
	"fmt"
	"net"
	"net/http"

	"google.golang.org/grpc"
)

// The ways to terminate that the first scenarios measure beside one another.
const (
	ours     = "lameduck"
	shutdown = "sleep, Shutdown" // http.Server.Shutdown, after a sleep: the standard recipe
	exit     = "sleep, os.Exit"  // what many tutorials show
)

// A peer is one way to terminate. Its functions serve until SIGTERM and
// return when the process is to exit.
type peer struct {
	name   string
	module string // its version is in the table; "" for a recipe
	given  string // what it was given, for the notes of the table

	http func(role, *http.Server, net.Listener) error
	// grpc has its service registered on a server that it makes.
	grpc func(role, func(grpc.ServiceRegistrar), net.Listener) error
}

// peers are given the same window, from SIGTERM to the moment at which they stop
// serving: by a setting where they have one, else by a sleep in the place where their
// users put it. All are given the same budget in the same way.
var peers = []peer{
	{ours, "", "`Delay` is the window, `Quiet` and `Spread` a third of it, `Grace` the budget, no `Reserve`; gRPC: `AddGRPC`",
		serveLameduck, grpcLameduck},
	{shutdown, "", "a sleep, then `http.Server.Shutdown` with what is left of the budget; gRPC: `GracefulStop`, and `Stop` at the end of the budget",
		serveShutdown, grpcShutdown},
	{"close, sleep, Shutdown", "", "the same, and during the sleep every response has `Connection: close`, and `RegisterOnShutdown` ends the handlers of long requests: the best that is written by hand",
		serveCloseShutdown, grpcCloseShutdown},
	{exit, "", "a sleep, then `os.Exit`",
		serveExit, grpcExit},
	{"knative Drainer", "knative.dev/pkg", "`QuietPeriod` is the window, then `Shutdown` with the budget less the window; gRPC: `grpc.Server.ServeHTTP` behind the Drainer",
		serveKnative, grpcKnative},
	{"oklog/run", "github.com/oklog/run", "its `SignalHandler`; a sleep and `Shutdown` in the interrupt function; gRPC: `GracefulStop`, and `Stop` at the end of the budget",
		serveRun, grpcRun},
	{"ory/graceful", "github.com/ory/graceful", "`WithDefaults`; `DefaultShutdownTimeout` is the budget; a sleep and `Shutdown` in the shutdown function; gRPC: `GracefulStop`, and `Stop` at the end of the budget",
		serveOry, grpcOry},
	{"kratos", "github.com/go-kratos/kratos/v2", "a sleep in `BeforeStop`, `StopTimeout` is the budget less the window, no request timeout; its own HTTP and gRPC servers",
		serveKratos, grpcKratos},
	{"uber-go/fx", "go.uber.org/fx", "`Shutdown` in an `OnStop` hook, a sleep in the last one, `StopTimeout` is the budget; gRPC: `GracefulStop`, and `Stop` at the end of the budget",
		serveFx, grpcFx},
}

// absentPeers were to be measured too, and cannot be.
var absentPeers = []string{
	"ubgo/shutdown, go-kratos/kratos v3 and imran31415/gracewrap: the module proxy this was built with does not have them.",
	"zeromicro/go-zero: the package that terminates takes over SIGTERM and SIGINT when it is imported, in every process of this program.",
}

func peerNamed(name string) (peer, error) {
	for _, p := range peers {
		if p.name == name {
			return p, nil
		}
	}
	return peer{}, fmt.Errorf("no peer is called %q", name)
}
