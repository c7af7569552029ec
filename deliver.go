package lameduck

import (
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// call has f called, behind the calls that q has already.
func (p *Process) call(q *program.Calls, what string, f func()) {
	q.Add(func() {
		if err := program.Protect(func() error { f(); return nil }); err != nil {
			program.LogPanic(p.log, what+" panicked", err)
		}
	})
}

// delivered waits for Observe, and at the end for the log: before the closers, so
// that what they flush is complete, and at the end. A slow one gets of Reserve what
// is kept for the report, and never the last half of that.
func (p *Process) delivered(d *term.Termination, q *program.Calls) bool {
	limit := max(d.Clocks.Flush(), leastWait)
	last := d.T0.Add(d.Clocks.Grace - d.Clocks.Flush()/2)
	return q.Wait(max(leastWait, min(limit, time.Until(last))))
}

// leastWait is for how long that waits at least, and a cut for what is closed.
const leastWait = 10 * time.Millisecond

// observed waits for Observe.
func (p *Process) observed(d *term.Termination) {
	if !p.delivered(d, &p.watch.observer) {
		p.log.Warn("Observe has not returned: going on without it")
	}
}

// logged waits for the log.
func (p *Process) logged(d *term.Termination) {
	p.delivered(d, program.LogCalls(p.log))
}
