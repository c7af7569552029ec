package lameduck

import (
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// An observer tells Observe one Status after the other, in their order, each
// in a goroutine of its own: Observe is the user's, and may take its time,
// panic or exit its goroutine.
type observer struct {
	mu    sync.Mutex
	queue []Status
	told  chan struct{} // closed when all were told; nil: nothing is being told
	late  bool          // it was waited for once, in vain
}

func (o *observer) tell(observe func(Status), log *slog.Logger, s Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, s)
	if o.told == nil {
		o.told = make(chan struct{})
		o.next(observe, log)
	}
}

// next tells the first of the queue. The caller holds mu.
func (o *observer) next(observe func(Status), log *slog.Logger) {
	s := o.queue[0]
	o.queue = o.queue[1:]
	go func() {
		defer o.done(observe, log)
		defer func() {
			if r := recover(); r != nil {
				log.Error("Observe panicked", "phase", s.Phase, "panic", r, "stack", string(debug.Stack()))
			}
		}()
		observe(s)
	}()
}

func (o *observer) done(observe func(Status), log *slog.Logger) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) > 0 {
		o.next(observe, log)
		return
	}
	close(o.told)
	o.told = nil
}

// wait waits until all was told, for no longer than limit, and not again if
// that was not enough.
func (o *observer) wait(limit time.Duration, log *slog.Logger) {
	o.mu.Lock()
	told, late := o.told, o.late
	o.mu.Unlock()
	if told == nil || late {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
		o.mu.Lock()
		o.late = true
		o.mu.Unlock()
		log.Warn("Observe has not returned: going on without it", "waited", limit)
	}
}

// observed waits for Observe: before the closers, so that what they flush is
// complete, and at the end. A slow one gets of Reserve what is kept for the
// report, and never the last half of that.
func (p *Process) observed(d *drain) {
	limit := max(d.clocks.flush(), 10*time.Millisecond)
	last := d.t0.Add(d.clocks.grace - d.clocks.flush()/2)
	p.watch.observer.wait(min(limit, max(0, time.Until(last))), p.Log)
}
