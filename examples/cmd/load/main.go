// Command load puts load on a server, with the clients of the examples:
//
//	load [-addr HOST:PORT] [-for 30s] PROTOCOL
//
// It prints what was asked for and lost as one line of JSON, after the time
// or at a signal. Exit codes: 0 nothing was lost, 1 something was, 2 usage, 3
// could not run. With the protocol worker it is the queue that consumers take
// jobs from, and -addr is where it listens.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/examples/load"
)

const worker = "worker"

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "the server; with "+worker+" the address to listen on")
	lasts := flag.Duration("for", 30*time.Second, "for how long")
	flag.Usage = func() { usage(flag.CommandLine.Output()) }
	flag.Parse()
	run, ok := find(flag.Arg(0))
	if !ok || flag.NArg() != 1 || *lasts <= 0 {
		usage(os.Stderr)
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *lasts)
	defer cancel()
	var tally load.Tally
	if err := run(ctx, *addr, &tally); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(3)
	}
	if err := report(os.Stdout, flag.Arg(0), tally.Result()); err != nil {
		os.Exit(3)
	}
	if tally.Result().Lost > 0 {
		os.Exit(1)
	}
}

// A runner puts load on addr until ctx ends.
type runner func(ctx context.Context, addr string, t *load.Tally) error

func find(protocol string) (runner, bool) {
	if protocol == worker {
		return queue, true
	}
	clients, ok := load.Protocols[protocol]
	return func(ctx context.Context, addr string, t *load.Tally) error {
		clients(ctx, func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}, t)
		return nil
	}, ok
}

func queue(ctx context.Context, addr string, t *load.Tally) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	load.Queue(ctx, l, t)
	return nil
}

// report writes one line: the protocol, and the fields of [load.Result].
func report(w io.Writer, protocol string, r load.Result) error {
	return json.NewEncoder(w).Encode(struct {
		Protocol string `json:"protocol"`
		load.Result
	}{protocol, r})
}

func usage(w io.Writer) {
	names := slices.Sorted(maps.Keys(load.Protocols))
	fmt.Fprintf(w, "usage: load [-addr HOST:PORT] [-for 30s] PROTOCOL\nprotocols: %s, %s\n", strings.Join(names, ", "), worker)
}
