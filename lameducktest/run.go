package lameducktest

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/lameduck-dev/lameduck"
)

// A Run is a Process that runs in a test.
type Run struct {
	p     *lameduck.Process
	ended chan struct{}
	err   error // of Run; set before ended is closed
}

// Start runs p and returns when p serves. If p cannot serve, the test fails at once.
// Unless p sets Log, Env or TerminationLog, the log is the output of the test, the
// variables LAMEDUCK_* of the environment are ignored, and no termination message is
// written. At the end of the test Start has p cut, if it still runs, and waits for it.
func Start(t testing.TB, p *lameduck.Process) *Run {
	t.Helper()
	if p.Env == nil {
		p.Env = []string{}
	}
	p.TerminationLog = cmp.Or(p.TerminationLog, os.DevNull)
	if p.Log == nil {
		p.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	serving, observe := make(chan struct{}), p.Observe
	once := sync.OnceFunc(func() { close(serving) })
	p.Observe = func(s lameduck.Status) {
		once()
		if observe != nil {
			observe(s)
		}
	}
	r := &Run{p: p, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.err = p.Run(context.WithoutCancel(t.Context()))
	}()
	t.Cleanup(func() {
		p.Cut()
		<-r.ended
	})
	select {
	case <-serving:
	case <-r.ended:
		t.Fatal(r.err)
	}
	return r
}

// Terminate begins the termination, as the stop signal does, and waits for its end. It
// returns the error of [lameduck.Process.Run]: nil if nothing was cut and nothing
// failed.
func (r *Run) Terminate() error {
	r.p.Terminate("lameducktest")
	return r.Wait()
}

// Wait waits until the Process has ended, for a test that begins the termination by
// [lameduck.Process.Terminate] and does something meanwhile. It returns the error of
// [lameduck.Process.Run].
func (r *Run) Wait() error {
	<-r.ended
	return r.err
}
