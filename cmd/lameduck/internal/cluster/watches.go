package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// blind is how long a watch may be missing before the trial is given up. As
// long a worker may say nothing.
const blind = 30 * time.Second

// watches knows which of the watches are there. Informers begin new ones by
// themselves, for ever; meanwhile nothing is seen of what happens, and what has
// happened is seen when they are back.
type watches struct {
	log  io.Writer // may be nil
	ctx  context.Context
	lose context.CancelCauseFunc // with the error that ends the trial

	mu sync.Mutex
	of map[string]*gap
}

// gap is a time without a watch.
type gap struct {
	since time.Time
	why   error
	alarm *time.Timer
}

func newWatches(log io.Writer) *watches {
	w := &watches{log: log, of: map[string]*gap{}}
	w.ctx, w.lose = context.WithCancelCause(context.Background())
	return w
}

// told takes what an informer tells of its watch.
func (w *watches) told(what string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.of[what]
	switch {
	case err != nil && g == nil:
		w.of[what] = &gap{since: time.Now(), why: err, alarm: time.AfterFunc(blind, func() { w.missing(what) })}
	case err != nil:
		g.why = err
	case g != nil:
		g.alarm.Stop()
		delete(w.of, what)
		if lasted := time.Since(g.since); lasted > Accuracy && w.ctx.Err() == nil && w.log != nil {
			fmt.Fprintf(w.log, "note: the watch of %s was interrupted for %v (%v); what happened meanwhile is timed by its end\n", what, lasted.Round(time.Millisecond), g.why)
		}
	}
}

// missing gives the trial up.
func (w *watches) missing(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.of[what]; g != nil {
		w.lose(hint.New(fmt.Errorf("the watch of %s was interrupted, and could not be resumed for %v: %w", what, blind, g.why),
			"does `kubectl get "+what+" --watch` work from here? the credentials may have expired"))
	}
}

// why is what keeps any watch from being there, or nil.
func (w *watches) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []error
	for what, g := range w.of {
		all = append(all, fmt.Errorf("%s: %w", what, g.why))
	}
	return errors.Join(all...)
}

// close is for when none is needed any more.
func (w *watches) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.of {
		g.alarm.Stop()
	}
	w.of = map[string]*gap{}
	w.lose(nil)
}
