package lameduck

import (
	"errors"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/internal/task"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// runClosers runs the closers in reverse order. A second signal leaves them
// no more than Reserve. It returns the errors of those that were not cut; one that was
// is added to what was cut.
func (p *Process) runClosers(d *term.Termination) error {
	deadline := d.T0.Add(d.Clocks.Grace - d.Clocks.Flush())
	hurry := d.Cut.Done
	shorten := func() {
		hurry = nil
		deadline = earlier(deadline, time.Now().Add(d.Clocks.Reserve))
	}
	if d.Cut.IsSet() {
		shorten()
	}
	if len(p.closers) > 0 {
		p.enter(PhaseClosers, d)
		p.observed(d)
	}
	var errs []error
	for i, t := range slices.Backward(p.closers) {
		share := func() time.Duration { return max(0, time.Until(deadline)) / time.Duration(i+1) }
		err := t.RunWithin(share(), hurry, func() time.Duration { shorten(); return share() }, ErrCut)
		if errors.Is(err, ErrCut) {
			p.addCutCloser(d, t, err)
		} else {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// addCutCloser adds t to what was cut; err is what RunWithin has returned for it.
func (p *Process) addCutCloser(d *term.Termination, t *task.Task, err error) {
	if p.cuts == nil {
		p.cuts = newCutReport(d)
	}
	since, _ := t.Since()
	p.cuts.addWork(Work{Kind: Kind(t.Kind), Name: t.Name, Since: since}, func(time.Time) error { return err })
	p.watch.cut.Store(int64(len(p.cuts.work)))
}
