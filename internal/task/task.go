// Package task runs functions that serve no request and no connection: workers, closers,
// the GracefulStop of a gRPC server. It reports since when one runs, and where it is
// stuck.
package task

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/short"
)

// A Task is a worker, a closer, or the GracefulStop of a gRPC server.
type Task struct {
	Kind, Name string
	do         func(context.Context) error
	runs       atomic.Pointer[taskRun] // nil: it is not running
}

// A taskRun is what is known of a task while it runs.
type taskRun struct {
	began     time.Time
	goroutine string
}

// New returns a task that is not running; do is what it does.
func New(kind, name string, do func(context.Context) error) *Task {
	return &Task{Kind: kind, Name: name, do: do}
}

func (t *Task) String() string { return fmt.Sprintf("%s %q", t.Kind, t.Name) }

// Running reports whether the task is running.
func (t *Task) Running() bool { return t.runs.Load() != nil }

// Since is when the task began, if it is running.
func (t *Task) Since() (at time.Time, running bool) {
	if run := t.runs.Load(); run != nil {
		return run.began, true
	}
	return at, false
}

// Stack returns the part of the task's stack in s that is its own code.
func (t *Task) Stack(s Stacks) string {
	if run := t.runs.Load(); run != nil {
		return s.of(run.goroutine)
	}
	return s.of("")
}

// errGone is the error of a task that ended its goroutine (runtime.Goexit, as
// the Fatal methods of package testing do).
var errGone = errors.New("it ended its goroutine instead of returning")

// Run runs the task. A panic is returned as an error, so that the rest of the process can
// still terminate.
func (t *Task) Run(ctx context.Context) (err error) {
	t.runs.Store(&taskRun{began: time.Now(), goroutine: goroutineID()})
	defer t.runs.Store(nil)
	defer func() {
		if r := recover(); r != nil {
			err = program.Panicked(r, t.String()+": ", runFrame)
		}
	}()
	if err := t.do(ctx); err != nil {
		return fmt.Errorf("%v: %w", t, err)
	}
	return nil
}

// start runs the task in a goroutine of its own.
func (t *Task) start(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() {
		err := fmt.Errorf("%v: %w", t, errGone)
		defer func() { done <- err }()
		err = t.Run(ctx)
	}()
	return done
}

// RunWithin runs the task. It waits no longer than share: if the task has not returned by
// then, RunWithin returns an error that wraps late and has the stack of the task. When
// hurry is closed meanwhile, less returns how much time is left from then on, and the
// shorter of the two limits holds.
func (t *Task) RunWithin(share time.Duration, hurry <-chan struct{}, less func() time.Duration, late error) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), cancelAfter(share))
	defer cancel()
	done := t.start(ctx)
	end := time.NewTimer(share)
	defer end.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-end.C:
			err := fmt.Errorf("%w after its share of %v: %v", late, short.Round(time.Since(began)), t)
			return program.Traced{Err: err, Stack: t.Stack(TakeStacks())}
		case <-hurry:
			hurry = nil
			left := min(less(), share-time.Since(began))
			end.Reset(left)
			defer time.AfterFunc(cancelAfter(left), cancel).Stop()
		}
	}
}

// cancelAfter is after how much of its share the context of a task ends: in the last
// tenth a task that watches its context can return.
func cancelAfter(share time.Duration) time.Duration { return share - share/10 }
