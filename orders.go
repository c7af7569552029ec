package lameduck

import (
	"errors"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// begin begins the termination, or returns the one that has begun. stop says
// that the process is to end, as it is not after a preStop call alone.
func (p *Process) begin(by string, stop bool) *term.Termination {
	p.mu.Lock()
	defer p.mu.Unlock()
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
