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

// since is when the task began, if it is running.
func (t *task) since() (at time.Time, running bool) {
	began := t.began.Load()
	return time.Unix(0, began), began != 0
}

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

// runWithin runs the task and leaves it behind if it does not return within
// share. If hurry is closed before, what less returns is left of that.
func (t *task) runWithin(share time.Duration, hurry <-chan struct{}, less func() time.Duration) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), toldAfter(share))
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- t.run(ctx) }()
	end := time.NewTimer(share)
	defer end.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-end.C:
			return fmt.Errorf("%w after its share of %v: %v", ErrCut, round(time.Since(began)), t)
		case <-hurry:
			hurry = nil
			left := min(less(), share-time.Since(began))
			end.Reset(left)
			defer time.AfterFunc(toldAfter(left), cancel).Stop()
		}
	}
}

// toldAfter is when, of its share, the context of a task ends: one that minds
// it is given the rest to return in.
func toldAfter(share time.Duration) time.Duration { return share - share/10 }
