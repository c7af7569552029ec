// Package program calls the program's own code: listeners, connections, health servers,
// the log and Observe. Such a call may block, fail, panic or end its goroutine. So the
// goroutine that carries the termination makes none. It has the call made in another
// goroutine, waits for that only within a limit, and holds no lock meanwhile.
package program

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

// Protect calls f. It returns a panic of f as an error that wraps ErrPanic.
func Protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Panicked(r, "", "")
		}
	}()
	return f()
}

// ErrPanic is wrapped by the error that Protect makes of a panic.
var ErrPanic = errors.New("panic")

// Panicked is the error of a panic with value. Its text begins with name, and its stack
// ends before frame, unless that is empty.
func Panicked(value any, name, frame string) error {
	return Traced{fmt.Errorf("%s%w: %v", name, ErrPanic, value), TrimStack(string(debug.Stack()), frame)}
}

// Within calls f in a goroutine of its own, and returns false if f has not returned
// within limit.
func Within(limit time.Duration, f func()) bool {
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

// Calls is a queue of calls that are made one after the other, in the order in which
// they were added, each in a goroutine of its own: one may end its goroutine.
type Calls struct {
	mu       sync.Mutex
	queue    []func()
	returned chan struct{} // closed when all calls have returned; nil: none is under way
	timedOut bool          // a Wait has timed out
}

// maxCalls bounds the queue, which grows while a call does not return.
const maxCalls = 1000

// Add has f called after all that were added before. It returns false, and f is not
// called, if those are too many.
func (q *Calls) Add(f func()) bool {
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
func (q *Calls) next() {
	f := q.queue[0]
	q.queue = q.queue[1:]
	go func() {
		defer q.done()
		f()
	}()
}

func (q *Calls) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) > 0 {
		q.next()
		return
	}
	close(q.returned)
	q.returned = nil
}

// Wait waits until all calls have returned. It returns false if they have not within
// limit. After that each Wait returns true at once: the call that did not return has
// been reported, and is not waited for again.
func (q *Calls) Wait(limit time.Duration) bool {
	q.mu.Lock()
	returned, late := q.returned, q.timedOut
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
		q.timedOut = true
		return false
	}
}

// LogPanic logs message with the error that Protect has returned.
func LogPanic(log *slog.Logger, message string, err error, attrs ...any) {
	if t, ok := errors.AsType[Traced](err); ok {
		attrs = append(attrs, "panic", t.Err, "stack", t.Stack)
	}
	log.Error(message, attrs...)
}

// A logQueue is a slog.Handler that passes records on to the program's handler, in
// another goroutine.
type logQueue struct {
	slog.Handler
	calls   *Calls
	dropped *atomic.Int64 // records that had no room in calls, since the last one that had
}

// NewLog returns a logger whose calls do not wait for the handler of program.
func NewLog(program *slog.Logger) *slog.Logger {
	return slog.New(logQueue{program.Handler(), new(Calls), new(atomic.Int64)})
}

// Enabled is true for all records: pass asks the program's handler.
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
	if !q.calls.Add(func() { q.pass(r) }) {
		q.dropped.Add(1)
	}
	return nil
}

// pass gives r to the program's handler. If that panics, r goes to standard error.
func (q logQueue) pass(r slog.Record) {
	ctx := context.Background()
	err := Protect(func() error {
		if q.Handler.Enabled(ctx, r.Level) {
			return q.Handler.Handle(ctx, r)
		}
		return nil
	})
	if errors.Is(err, ErrPanic) {
		slog.NewTextHandler(os.Stderr, nil).Handle(ctx, r)
	}
}

// LogCalls are the calls of the program's handler by a logger that NewLog has made.
func LogCalls(log *slog.Logger) *Calls { return log.Handler().(logQueue).calls }
