package workers

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

// outbox is what a worker has to say. The stream may stall: nothing that says
// something waits for it.
type outbox struct {
	clock timeline.Clock
	to    io.Writer
	give  func(error) // when nothing can be said any more

	mu       sync.Mutex
	words    []wire.Word
	attempts []timeline.Attempt
	last     *wire.Word // to be said after the attempts
	wake     chan struct{}
}

func newOutbox(to io.Writer, clock timeline.Clock, give func(error)) *outbox {
	return &outbox{clock: clock, to: to, give: give, wake: make(chan struct{}, 1)}
}

// say says something as soon as possible.
func (o *outbox) say(w wire.Word) {
	o.mu.Lock()
	o.words = append(o.words, w)
	o.mu.Unlock()
	o.nudge()
}

// record says an attempt, together with others.
func (o *outbox) record(a timeline.Attempt) {
	o.mu.Lock()
	o.attempts = append(o.attempts, a)
	waiting := len(o.attempts)
	o.mu.Unlock()
	switch {
	case waiting == batch:
		o.nudge()
	case waiting > backlog:
		o.give(fmt.Errorf("the stream to the coordinator stalls: %d attempts are waiting", waiting))
	}
}

// finish says something after all attempts.
func (o *outbox) finish(w wire.Word) {
	o.mu.Lock()
	o.last = &w
	o.mu.Unlock()
	o.nudge()
}

func (o *outbox) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx ends, and then the words that are left.
func (o *outbox) run(ctx context.Context) {
	tick := time.NewTicker(delay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = o.sendWords()
			return
		case <-o.wake:
		case <-tick.C:
		}
		if err := o.sendAll(ctx); err != nil {
			o.give(fmt.Errorf("cannot write to the coordinator: %w", err))
			return
		}
	}
}

func (o *outbox) sendAll(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := o.sendWords(); err != nil {
			return err
		}
		some := o.takeAttempts()
		if len(some) == 0 {
			return o.sendLast()
		}
		if err := wire.Write(o.to, wire.Word{Attempts: some}); err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) sendWords() error {
	o.mu.Lock()
	words := o.words
	o.words = nil
	o.mu.Unlock()
	for _, w := range words {
		if w.Pong != nil { // it counts from when it is sent
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
