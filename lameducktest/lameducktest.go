// Package lameducktest helps to test what a program does when it is asked to leave.
//
// [WithDraining] is for one handler or worker, without a [lameduck.Process]. [Start]
// runs a Process in a test, and [Run.Terminate] ends it as the stop signal would. In a
// bubble of package testing/synctest, with a [Listener], that takes no time, whatever
// the clocks of the Process are:
//
//	synctest.Test(t, func(t *testing.T) {
//		l := lameducktest.NewListener(t)
//		var p lameduck.Process
//		p.AddHTTP(&http.Server{Handler: handler}, l)
//		run := lameducktest.Start(t, &p)
//		res, err := l.Client().Get("http://test/")
//		...
//		if err := run.Terminate(); err != nil {
//			t.Error(err) // a lameduck.CutError has what was cut
//		}
//	})
package lameducktest

import (
	"context"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// WithDraining returns a context as a request or a worker has it: its
// [lameduck.Draining] channel closes when drain is called. For the cut, cancel ctx.
// drain may be called by any goroutine; a second call does nothing.
func WithDraining(ctx context.Context) (_ context.Context, drain func()) {
	leave := term.NewLatch()
	return context.WithValue(ctx, term.Key, term.Leaver(leave)), leave.Set
}
