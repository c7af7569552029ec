package lameduck

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// A task is a worker or a closer.
type task struct {
	kind, name string
	do         func(context.Context) error
	began      atomic.Int64 // Unix nanoseconds; 0: not running
}

func newTask(kind, name string, do func(context.Context) error) *task {
	return &task{kind: kind, name: name, do: do}
}

func (t *task) String() string { return fmt.Sprintf("%s %q", t.kind, t.name) }

func (t *task) running() bool { return t.began.Load() != 0 }

// run runs the task. Its panic is an error: what else the process holds
// still is to end well.
func (t *task) run(ctx context.Context) (err error) {
	t.began.Store(time.Now().UnixNano())
	defer t.began.Store(0)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v: panic: %v\n%s", t, r, debug.Stack())
		}
	}()
	if err := t.do(ctx); err != nil {
		return fmt.Errorf("%v: %w", t, err)
	}
	return nil
}

// runWithin runs the task and leaves it behind if it does not return in
// time.
func (t *task) runWithin(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- t.run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	// One that minds its context returns now; it is given the chance.
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Millisecond):
		return fmt.Errorf("%w after its share of %v: %v", ErrCut, round(limit), t)
	}
}
