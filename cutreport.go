package lameduck

import (
	"errors"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/task"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// ErrCut is wrapped by the error of Run if a request, hijacked connection, worker or
// closer was cut, at the end of its time, by a second signal or by [Process.Cut]: see
// [CutError].
var ErrCut = errors.New("cut")

// A CutError is the error of Run if something was cut; it wraps [ErrCut]. Its text has
// a line for each Work, and the stack of each worker and closer; if more than 20 were
// cut, a line for all of one kind and name. It has 8 KiB at most, to fit into a log
// record.
type CutError struct {
	Work []Work // all that was cut

	errs []error
}

func (e *CutError) Error() string   { return summary(e.errs, maxText) }
func (e *CutError) Unwrap() []error { return e.errs }

// A cutReport collects what was cut, each item once.
type cutReport struct {
	during  *term.Termination
	named   map[any]bool // the identities of what was added, and of requests their connections too
	streams bool         // streams of grpc-go were added
	work    []Work
	groups  map[string]*cutGroup // by title
	order   []*cutGroup
	errs    []error      // of the first manyWorks
	stacks  *task.Stacks // of all goroutines; nil before the first task is added
}

// A cutGroup is all that was cut of one title.
type cutGroup struct {
	oldest Work
	err    error // of the oldest
	count  int
	after  time.Duration // from T0 to now
	now    time.Time     // when the oldest was added
}

func newCutReport(d *term.Termination) *cutReport {
	return &cutReport{during: d, named: map[any]bool{}, groups: map[string]*cutGroup{}}
}

func (c *cutReport) add(x item) {
	if c.named[x.id] || c.isPartOf(x) {
		return
	}
	c.named[x.id] = true
	c.streams = c.streams || x.Kind == KindStream
	if x.Kind == KindRequest {
		c.named[x.on] = true
	}
	c.addWork(x.Work, func(now time.Time) error {
		err := fmt.Errorf("%w %v after T0: %s", ErrCut, short.Round(now.Sub(c.during.T0)), x.line(c.during.T0, now))
		if t, ok := x.id.(*task.Task); ok && Kind(t.Kind) != KindGRPCServer {
			err = program.Traced{Err: err, Stack: t.Stack(c.takeStacks())}
		}
		return err
	})
}

// addWork adds w. errorOf makes its error, which may cost a stack: it is not called when
// there are many already.
func (c *cutReport) addWork(w Work, errorOf func(now time.Time) error) {
	now, title := time.Now(), w.title()
	c.work = append(c.work, w)
	g := c.groups[title]
	if g == nil {
		g = &cutGroup{oldest: w, now: now, after: short.Round(now.Sub(c.during.T0))}
		if len(c.order) < mostGroups {
			g.err = errorOf(now)
		}
		c.groups[title] = g
		c.order = append(c.order, g)
	}
	g.count++
	switch {
	case len(c.errs) >= manyWorks:
	case g.count == 1:
		c.errs = append(c.errs, g.err)
	default:
		c.errs = append(c.errs, errorOf(now))
	}
}

// isPartOf reports whether x belongs to something that was added before: the stream of
// an HTTP/2 request whose handler has ended, the server of a gRPC stream.
func (c *cutReport) isPartOf(x item) bool {
	switch x.Kind {
	case KindStream:
		return c.named[x.on]
	case KindGRPCServer:
		return c.streams
	}
	return false
}

func (c *cutReport) takeStacks() task.Stacks {
	if c.stacks == nil {
		c.stacks = new(task.TakeStacks())
	}
	return *c.stacks
}

// err is nil if nothing was cut.
func (c *cutReport) err() error {
	switch {
	case c == nil || len(c.work) == 0:
		return nil
	case len(c.work) > manyWorks:
		return &CutError{c.work, c.grouped()}
	}
	return &CutError{c.work, c.errs}
}

func (c *cutReport) grouped() (errs []error) {
	for i, g := range c.order {
		switch {
		case i == mostGroups:
			return append(errs, fmt.Errorf("%w: ... and %d other kinds", ErrCut, len(c.order)-i))
		case g.count == 1:
			errs = append(errs, g.err)
		default:
			errs = append(errs, fmt.Errorf("%w %v after T0: %s", ErrCut, g.after, g.oldest.lineOf(g.count, c.during.T0, g.now)))
		}
	}
	return errs
}
