package agent

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const (
	attachTimeout  = 10 * time.Minute // until the first message of the coordinator: all images have to be pulled
	commandTimeout = time.Minute      // between two of its messages; it pings every second
	flushTimeout   = time.Second      // to send why the worker ends
)

// worker handles the commands of one coordinator.
type worker struct {
	me    wire.Hello
	clock timeline.Clock
	out   *outbox
	quit  context.CancelCauseFunc
	ctx   context.Context
	load  atomic.Pointer[session] // the latest; nil before the first
}

func newWorker(me wire.Hello, clock timeline.Clock, out io.Writer) *worker {
	w := &worker{me: me, clock: clock}
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
	s, err := newSession(w.ctx, a, w.clock, w.out)
	if err != nil {
		return err
	}
	w.load.Store(s)
	w.out.send(wire.Message{Started: true})
	go s.run()
	return nil
}
