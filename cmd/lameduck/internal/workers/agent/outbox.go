package agent

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const (
	batch   = 500                    // attempts in a line, at most
	delay   = 100 * time.Millisecond // between two lines, when there are fewer
	backlog = 500_000                // attempts that may wait for a stream that stalls
)

// outbox has the messages that a worker has to send. The stream may stall, so senders do
// not wait for it.
type outbox struct {
	clock timeline.Clock
	to    io.Writer
	fail  func(error) // when nothing can be sent any more

	mu       sync.Mutex
	messages []wire.Message
	attempts []timeline.Attempt
	last     *wire.Message // to be sent after the attempts
	wake     chan struct{}
}

func newOutbox(to io.Writer, clock timeline.Clock, fail func(error)) *outbox {
	return &outbox{clock: clock, to: to, fail: fail, wake: make(chan struct{}, 1)}
}

// send sends a message as soon as possible.
func (o *outbox) send(w wire.Message) {
	o.mu.Lock()
	o.messages = append(o.messages, w)
	o.mu.Unlock()
	o.wakeUp()
}

// record sends an attempt, together with others.
func (o *outbox) record(a timeline.Attempt) {
	o.mu.Lock()
	o.attempts = append(o.attempts, a)
	waiting := len(o.attempts)
	o.mu.Unlock()
	switch {
	case waiting == batch:
		o.wakeUp()
	case waiting > backlog:
		o.fail(fmt.Errorf("the stream to the coordinator stalls: %d attempts are waiting", waiting))
	}
}

// finish sends a message after all attempts.
func (o *outbox) finish(w wire.Message) {
	o.mu.Lock()
	o.last = &w
	o.mu.Unlock()
	o.wakeUp()
}

func (o *outbox) wakeUp() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx ends, and then the messages that are left.
func (o *outbox) run(ctx context.Context) {
	tick := time.NewTicker(delay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = o.sendMessages()
			return
		case <-o.wake:
		case <-tick.C:
		}
		if err := o.sendAll(ctx); err != nil {
			o.fail(fmt.Errorf("cannot write to the coordinator: %w", err))
			return
		}
	}
}

func (o *outbox) sendAll(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := o.sendMessages(); err != nil {
			return err
		}
		some := o.takeAttempts()
		if len(some) == 0 {
			return o.sendLast()
		}
		if err := wire.Write(o.to, wire.Message{Attempts: some}); err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) sendMessages() error {
	o.mu.Lock()
	messages := o.messages
	o.messages = nil
	o.mu.Unlock()
	for _, w := range messages {
		if w.Pong != nil { // timed when it is sent
			w.Pong.Answered, w.Pong.Wall = o.clock.Now(), time.Now()
		}
		if err := wire.Write(o.to, w); err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) takeAttempts() []timeline.Attempt {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(batch, len(o.attempts))
	some := o.attempts[:n:n]
	o.attempts = o.attempts[n:]
	if len(o.attempts) == 0 {
		o.attempts = nil // so that what was sent can be freed
	}
	return some
}

func (o *outbox) sendLast() error {
	o.mu.Lock()
	last := o.last
	if len(o.attempts) > 0 || last == nil {
		o.mu.Unlock()
		return nil
	}
	o.last = nil
	o.mu.Unlock()
	return wire.Write(o.to, *last)
}
