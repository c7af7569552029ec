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

// Accuracy is how late an event may arrive: the kubelet looks at its
// containers once a second (PLEG), and then its status has to travel.
const Accuracy = 1500 * time.Millisecond

// maxWatchGap is how long a watch may be interrupted before the trial ends with
// an error. A worker may be silent for as long.
const maxWatchGap = 30 * time.Second

// watches knows which of the watches are running. Informers restart them by
// themselves; until then no change is seen, and what has changed is seen when
// the watch is back.
type watches struct {
	log  io.Writer                          // may be nil
	back func(what string, since time.Time) // called when a watch is back; may be nil
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

// report takes the state of an informer's watch: nil, or why there is none.
func (w *watches) report(what string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.of[what]
	switch {
	case err != nil && g == nil:
		w.of[what] = &gap{since: time.Now(), why: err, alarm: time.AfterFunc(maxWatchGap, func() { w.missing(what) })}
	case err != nil:
		g.why = err
	case g != nil:
		g.alarm.Stop()
		delete(w.of, what)
		if w.back != nil {
			w.back(what, g.since)
		}
		if lasted := time.Since(g.since); lasted > Accuracy && w.ctx.Err() == nil && w.log != nil {
			fmt.Fprintf(w.log, "note: the watch of %s was interrupted for %v (%v); events during the interruption are timed at its end\n", what, lasted.Round(time.Millisecond), g.why)
		}
	}
}

// missing ends the trial with an error.
func (w *watches) missing(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.of[what]; g != nil {
		w.lose(hint.New(fmt.Errorf("the watch of %s was interrupted, and could not be resumed for %v: %w", what, maxWatchGap, g.why),
			"does `kubectl get "+what+" --watch` work from here? the credentials may have expired"))
	}
}

// why is the error of the watches that are interrupted, or nil.
func (w *watches) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []error
	for what, g := range w.of {
		all = append(all, fmt.Errorf("%s: %w", what, g.why))
	}
	return errors.Join(all...)
}

// close is called when no watch is needed any more.
func (w *watches) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.of {
		g.alarm.Stop()
	}
	w.of = map[string]*gap{}
	w.lose(nil)
}
