package lameduck

import "time"

// call has f called, behind the calls that q has already.
func (p *Process) call(q *calls, what string, f func()) {
	q.add(func() {
		if err := protect(func() error { f(); return nil }); err != nil {
			logPanic(p.log, what+" panicked", err)
		}
	})
}

// delivered waits for Observe, and at the end for the log: before the closers, so
// that what they flush is complete, and at the end. A slow one gets of Reserve what
// is kept for the report, and never the last half of that.
func (p *Process) delivered(d *drain, q *calls) bool {
	limit := max(d.clocks.flush(), leastWait)
	last := d.t0.Add(d.clocks.grace - d.clocks.flush()/2)
	return q.wait(max(leastWait, min(limit, time.Until(last))))
}

// leastWait is for how long that waits at least, and a cut for what is closed.
const leastWait = 10 * time.Millisecond

// observed waits for Observe.
func (p *Process) observed(d *drain) {
	if !p.delivered(d, &p.watch.observer) {
		p.log.Warn("Observe has not returned: going on without it")
	}
}

// logged waits for the log.
func (p *Process) logged(d *drain) {
	p.delivered(d, logCalls(p.log))
}
