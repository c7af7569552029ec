package lameduck

import (
	"cmp"
	"errors"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// Terminate begins the termination, as SIGTERM does for RunUntilSignal, and
// returns at once. by is in the log, in [Status] and in the termination message.
// It may be called at any time, by any goroutine. Before Run it is an order for
// Run, which then terminates as soon as it has begun to serve; where a
// termination is under way or has ended, it does nothing more.
func (p *Process) Terminate(by string) {
	p.submit(order{by: cmp.Or(by, "Process.Terminate")})
}

// Hurry skips what is left of Delay and Quiet, as SIGINT does: listeners close
// now, and what is in flight finishes. It begins the termination if none has
// begun, and may be called when [Process.Terminate] may.
func (p *Process) Hurry() { p.submit(order{by: "Process.Hurry", hurry: true}) }

// Cut ends the termination now, as a second signal does: what is in flight is
// cut, and the closers have Reserve at most. It begins the termination if none
// has begun, and may be called when [Process.Terminate] may.
func (p *Process) Cut() { p.submit(order{by: "Process.Cut", cut: true}) }

// submit has o carried out, by Run if that has not begun to serve.
func (p *Process) submit(o order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		p.carryOut(o)
		return
	}
	o.by = cmp.Or(p.early.by, o.by) // the first
	p.early = order{o.by, o.hurry || p.early.hurry, o.cut || p.early.cut}
}

// acceptOrders has orders carried out from now on, first those that came before.
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

// begin begins the termination, or returns the one that has begun. stop reports
// that the process is to end, as it is not after a preStop call alone.
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
		d = p.newDrain(by, stop)
		p.state.Current.Store(d)
		p.began <- struct{}{}
	}
	if stop {
		d.Stop.Set()
		p.leave.Set()
	}
	return d
}

// newDrain is a termination that begins now. A stop signal that comes late after
// a preStop call, when that was taken back, shares its grace period: the kubelet
// counts that from the hook, and kills the process at its end. The caller holds mu.
func (p *Process) newDrain(by string, stop bool) *term.Termination {
	if passed := time.Since(p.hookAt); stop && !p.hookAt.IsZero() && passed < p.clocks.Grace {
		return term.New(by, p.clocks.After(passed))
	}
	return term.New(by, p.clocks)
}

// fail reports the end of a part; the rest terminates in good order.
func (p *Process) fail(err error) {
	p.noticeClosed(err)
	p.failures <- err
	p.begin(err.Error(), true)
}

// moreFailures collects what failed.
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
