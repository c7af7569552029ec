package lameduck

import (
	"cmp"
	"errors"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// Terminate begins the termination, as SIGTERM does for RunUntilSignal, and
// returns at once. by is what the log, [Status] and the termination message name as the
// cause; if empty, "Process.Terminate". Terminate may be called at any time, by any
// goroutine. If it is called before Run, Run terminates as soon as it has begun to
// serve. After a preStop call it is the stop signal that follows; after any other
// beginning of the termination it does nothing.
func (p *Process) Terminate(by string) {
	p.submit(order{by: cmp.Or(by, "Process.Terminate")})
}

// Hurry skips what is left of Delay and Quiet, as SIGINT does: listeners close
// now, and what is in flight finishes. It begins the termination if none has
// begun, and may be called whenever [Process.Terminate] may.
func (p *Process) Hurry() { p.submit(order{by: "Process.Hurry", hurry: true}) }

// Cut ends the termination now, as a second signal does: what is in flight is
// cut, and the closers have Reserve at most. It begins the termination if none
// has begun, and may be called whenever [Process.Terminate] may.
func (p *Process) Cut() { p.submit(order{by: "Process.Cut", cut: true}) }

// submit carries o out, or leaves it to acceptOrders if Run has not begun to serve.
func (p *Process) submit(o order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		p.carryOut(o)
		return
	}
	o.by = cmp.Or(p.early.by, o.by) // the first order is the one that began the termination
	p.early = order{o.by, o.hurry || p.early.hurry, o.cut || p.early.cut}
}

// acceptOrders carries out the orders that came before Run. From now on submit carries
// them out itself.
func (p *Process) acceptOrders() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = true
	if p.early.by != "" {
		p.carryOut(p.early)
	}
}

// carryOut does what o orders. The caller holds mu.
func (p *Process) carryOut(o order) {
	d := p.beginLocked(o.by, true)
	if o.hurry {
		d.Hurry.Set()
	}
	if o.cut {
		d.Cut.Set()
	}
}

// begin begins the termination, or returns the one that has begun. stop: it is an order
// to stop. Without one, as after a preStop call alone, the process goes back to serving.
func (p *Process) begin(by string, stop bool) *term.Termination {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.beginLocked(by, stop)
}

// beginHook is begin for a preStop call. It returns nil before Run.
func (p *Process) beginHook() *term.Termination {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running {
		return nil
	}
	return p.beginLocked("preStop", false)
}

// beginLocked is begin for a caller that holds mu.
func (p *Process) beginLocked(by string, stop bool) *term.Termination {
	d := p.state.Current.Load()
	if d == nil {
		d = p.newTermination(by, stop)
		p.state.Current.Store(d)
		p.began <- struct{}{}
	}
	if stop {
		d.Stop.Set()
		p.leave.Set()
	}
	return d
}

// newTermination is a termination that begins now. A stop signal that comes so late after a
// preStop call that the termination of the call was taken back, shares the grace period
// of the call: the kubelet counts that from the hook, and kills the process at its end.
// The caller holds mu.
func (p *Process) newTermination(by string, stop bool) *term.Termination {
	if passed := time.Since(p.hookAt); stop && !p.hookAt.IsZero() && passed < p.clocks.Grace {
		return term.New(by, p.clocks.After(passed))
	}
	return term.New(by, p.clocks)
}

// fail notes that a server or a worker has ended with err, and begins the termination,
// so that the rest of the process ends in order.
func (p *Process) fail(err error) {
	p.noticeClosed(err)
	p.failures <- err
	p.begin(err.Error(), true)
}

// moreFailures returns the errors of all servers and workers that have failed.
func (p *Process) moreFailures() error {
	var errs []error
	for {
		select {
		case err := <-p.failures:
			errs = append(errs, err)
		default:
			return errors.Join(errs...)
		}
	}
}
