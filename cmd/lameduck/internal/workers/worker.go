package workers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/version"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// The environment of a worker, from the downward API.
const (
	envPod  = "POD_NAME"
	envNode = "NODE_NAME"
	envIP   = "POD_IP"
)

const (
	attachTimeout  = 10 * time.Minute // until the first message of the coordinator: all images have to be pulled
	commandTimeout = time.Minute      // between two of its messages; it pings every second
	flushTimeout   = time.Second      // to send why the worker ends
)

// Main is a worker: it handles the commands on in, and sends messages on out,
// until in ends, which is no error unless traffic was running, or ctx ends, or
// SIGTERM arrives. Notes for people are written to errw.
func Main(ctx context.Context, in io.Reader, out, errw io.Writer) error {
	ctx, release := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer release()
	me := wire.Hello{Protocol: wire.Protocol, Version: version.String(), Pod: os.Getenv(envPod), Node: os.Getenv(envNode)}
	target, err := listen(net.JoinHostPort(os.Getenv(envIP), strconv.Itoa(ControlPort)))
	if err != nil {
		return err
	}
	defer target.Close()
	me.Control = target.address
	fmt.Fprintf(errw, "lameduck %s: worker %s on node %s, control target at %s\n", me.Version, me.Pod, me.Node, me.Control)
	return newWorker(me, out).serve(ctx, in)
}

// target is a control target.
type target struct {
	traffic.ControlServer
	address string
}

func listen(address string) (*target, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("control target: %w", err)
	}
	t := &target{address: l.Addr().String()}
	go func() { _ = t.Serve(l) }() // its clients record its failures
	return t, nil
}

// worker handles the commands of one coordinator.
type worker struct {
	me    wire.Hello
	clock timeline.Clock
	out   *outbox
	quit  context.CancelCauseFunc
	ctx   context.Context
	load  atomic.Pointer[session] // the latest; nil before the first
}

func newWorker(me wire.Hello, out io.Writer) *worker {
	w := &worker{me: me, clock: timeline.NewClock()}
	w.ctx, w.quit = context.WithCancelCause(context.Background())
	w.out = newOutbox(out, w.clock, w.quit)
	return w
}

var (
	errStreamClosed = errors.New("stdin ended: the coordinator closed the stream")
	errSilent       = errors.New("no message from the coordinator for " + commandTimeout.String())
)

// serve returns when the worker has ended, with the reason. The traffic has
// ended then; a read of in, or a write to a stream that stalls, may still wait.
func (w *worker) serve(ctx context.Context, in io.Reader) error {
	release := context.AfterFunc(ctx, func() { w.quit(context.Cause(ctx)) })
	defer release()
	sending, fallSilent := context.WithCancel(context.Background())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		w.out.run(sending)
	}()
	go func() { w.quit(w.handleAll(in)) }()

	<-w.ctx.Done()
	err := w.outcome(context.Cause(w.ctx))
	if err != nil {
		w.out.send(wire.Message{Failed: err.Error()})
	}
	fallSilent()
	select {
	case <-sent:
	case <-time.After(flushTimeout):
	}
	return err
}

// outcome waits for the end of the traffic. If the coordinator closes the
// stream when there is none, the worker ends without an error.
func (w *worker) outcome(err error) error {
	s := w.load.Load()
	if s != nil {
		<-s.over
	}
	if err == errStreamClosed && (s == nil || s.complete) {
		return nil
	}
	return err
}

// handleAll handles commands until there are no more, and returns the reason.
func (w *worker) handleAll(in io.Reader) error {
	watchdog := time.AfterFunc(attachTimeout, func() { w.quit(errSilent) })
	defer watchdog.Stop()
	for l := wire.NewLines(in); ; watchdog.Reset(commandTimeout) {
		line, err := l.Next()
		received := w.clock.Now()
		if err == io.EOF {
			return errStreamClosed
		}
		var o wire.Command
		if err == nil {
			o, err = wire.ParseCommand(line)
		}
		if err == nil {
			err = w.handle(o, received)
		}
		if err != nil {
			return err
		}
	}
}

func (w *worker) handle(o wire.Command, received time.Duration) error {
	s := w.load.Load()
	switch {
	case o.Hello:
		w.out.send(wire.Message{Hello: &w.me})
	case o.Ping != 0:
		w.out.send(wire.Message{Pong: &wire.Pong{Ping: o.Ping, Received: received}})
	case o.Start != nil:
		return w.start(*o.Start)
	case s == nil: // nothing to stop
	case o.Stop:
		s.stop()
	case o.Abort:
		s.abort()
	}
	return nil
}

func (w *worker) start(a wire.Assignment) error {
	if s := w.load.Load(); s != nil && !s.ended() {
		return errors.New("start command while traffic is running")
	}
	s, err := newSession(w, a)
	if err != nil {
		return err
	}
	w.load.Store(s)
	w.out.send(wire.Message{Started: true})
	go s.run()
	return nil
}
