// Package agent is a worker: what runs in the pods of the coordinator's Job. It
// does what the coordinator asks over the stream (package wire), and knows
// nothing of Kubernetes.
//
// A worker measures on its own monotonic clock, and sends every attempt as it
// becomes final. It is also the control target of another worker. It ends when its
// stdin ends, when the coordinator has been silent for a minute, or on SIGTERM.
package agent

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/version"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// Main is the program of a worker: Run, with its name, its node and its address
// from the environment, beside a control target. SIGTERM ends it too. Notes for
// people are written to errw.
func Main(ctx context.Context, in io.Reader, out, errw io.Writer) error {
	ctx, release := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer release()
	l, err := net.Listen("tcp", net.JoinHostPort(os.Getenv(wire.EnvIP), strconv.Itoa(wire.ControlPort)))
	if err != nil {
		return fmt.Errorf("control target: %w", err)
	}
	var target control.Server
	defer target.Close()
	go func() { _ = target.Serve(l) }() // its clients record its failures
	me := wire.Hello{
		Protocol: wire.Protocol, Version: version.String(),
		Pod: os.Getenv(wire.EnvPod), Node: os.Getenv(wire.EnvNode), Control: l.Addr().String(),
	}
	fmt.Fprintf(errw, "lameduck %s: worker %s on node %s, control target at %s\n", me.Version, me.Pod, me.Node, me.Control)
	return Run(ctx, me, timeline.NewClock(), in, out)
}

// Run handles the commands on in, and sends messages on out, until in ends,
// which is no error unless traffic was running, or ctx ends. A read of in, or a
// write to a stream that stalls, may go on for longer.
func Run(ctx context.Context, me wire.Hello, clock timeline.Clock, in io.Reader, out io.Writer) error {
	return newWorker(me, clock, out).serve(ctx, in)
}
