package lameduck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Listeners, connections, health servers, the log and Observe are the program's
// code: it may block, fail, panic or end its goroutine. The goroutine of run, which
// carries the termination, never calls it, and holds no lock during such a call. It
// has the call made in another goroutine, and waits for that only within a limit.

// protect calls f. A panic is an error.
func protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r, "", "")
		}
	}()
	return f()
}

// errPanic is wrapped by what protect makes of a panic.
var errPanic = errors.New("panic")

// panicked is the error of a panic with value, of what is named. Its stack ends
// where frame would come.
func panicked(value any, name, frame string) error {
	return traced{fmt.Errorf("%s%w: %v", name, errPanic, value), trimStack(string(debug.Stack()), frame)}
}

// within calls f in a goroutine of its own. It returns false if f has not returned
// within limit.
func within(limit time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// calls are made one after the other, in the order in which they were added, each
// in a goroutine of its own.
type calls struct {
	mu       sync.Mutex
	queue    []func()
	returned chan struct{} // closed when all have returned; nil: none is under way
	late     bool          // a wait for them has timed out
}

// maxCalls bounds the queue behind a call that does not return.
const maxCalls = 1000

// add returns false if f is not called because too many are before it.
func (q *calls) add(f func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) >= maxCalls {
		return false
	}
	q.queue = append(q.queue, f)
	if q.returned == nil {
		q.returned = make(chan struct{})
		q.next()
	}
	return true
}

// next makes the first call of the queue. The caller holds mu.
func (q *calls) next() {
	f := q.queue[0]
	q.queue = q.queue[1:]
	go func() {
		defer q.done()
		f()
	}()
}

func (q *calls) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) > 0 {
		q.next()
		return
	}
	close(q.returned)
	q.returned = nil
}

// wait waits until all calls have returned. It returns false if they have not
// within limit; after that it does not wait again.
func (q *calls) wait(limit time.Duration) bool {
	q.mu.Lock()
	returned, late := q.returned, q.late
	q.mu.Unlock()
	if returned == nil || late {
		return true
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-returned:
		return true
	case <-timer.C:
		q.mu.Lock()
		defer q.mu.Unlock()
		q.late = true
		return false
	}
}

// logPanic writes an error of protect.
func logPanic(log *slog.Logger, message string, err error, attrs ...any) {
	if t, ok := errors.AsType[traced](err); ok {
		attrs = append(attrs, "panic", t.error, "stack", t.stack)
	}
	log.Error(message, attrs...)
}

// A logQueue is a slog.Handler that passes records on to the program's.
type logQueue struct {
	slog.Handler
	calls   *calls
	dropped *atomic.Int64 // records, since the last one that was not
}

func newLog(program *slog.Logger) *slog.Logger {
	return slog.New(logQueue{program.Handler(), new(calls), new(atomic.Int64)})
}

// Enabled is asked of the program's handler later.
func (q logQueue) Enabled(context.Context, slog.Level) bool { return true }

func (q logQueue) WithAttrs(attrs []slog.Attr) slog.Handler {
	q.Handler = q.Handler.WithAttrs(attrs)
	return q
}

func (q logQueue) WithGroup(name string) slog.Handler {
	q.Handler = q.Handler.WithGroup(name)
	return q
}

func (q logQueue) Handle(_ context.Context, r slog.Record) error {
	if n := q.dropped.Swap(0); n > 0 {
		r.AddAttrs(slog.Int64("dropped_before", n))
	}
	if !q.calls.add(func() { q.pass(r) }) {
		q.dropped.Add(1)
	}
	return nil
}

// pass gives r to the program's handler. If that panics, r goes to standard error.
func (q logQueue) pass(r slog.Record) {
	ctx := context.Background()
	err := protect(func() error {
		if q.Handler.Enabled(ctx, r.Level) {
			return q.Handler.Handle(ctx, r)
		}
		return nil
	})
	if errors.Is(err, errPanic) {
		slog.NewTextHandler(os.Stderr, nil).Handle(ctx, r)
	}
}

// logCalls are those of a logger that newLog has made.
func logCalls(log *slog.Logger) *calls { return log.Handler().(logQueue).calls }
