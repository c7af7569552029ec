package trial

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// recorder collects events and attempts, from many goroutines, on one clock.
type recorder struct {
	clock  timeline.Clock
	report func(Progress)

	mu       sync.Mutex
	record   timeline.Run
	attempts int // without those at the control target
	dropped  int
	doing    string
	waiting  func() string // of the stage; nil: it has none
	loaded   time.Duration // when the traffic began
	over     bool          // events from now on are of the clean-up
}

func newRecorder(cfg Config) *recorder {
	r := &recorder{clock: timeline.NewClock(), report: cfg.Progress}
	r.record = timeline.Run{
		Start: r.clock.Start(), Stage: cfg.Name, Action: cfg.Action, Rounds: cfg.Rounds, Seed: cfg.Seed, Spec: cfg.Spec, Accuracy: cfg.Accuracy,
	}
	return r
}

// begin starts the record of the traffic anew, at this rate.
func (r *recorder) begin(rate int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Rate, r.record.Attempts, r.attempts, r.dropped = rate, nil, 0, 0
	r.loaded = r.clock.Now()
	r.doing = fmt.Sprintf("warming up at %d/s", rate)
}

// late is by how much this machine was late under the traffic: the longest that
// the control target, which only answers, let a client wait. If no attempt there
// has ended, it is all the time since.
func (r *recorder) late() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	late, ended := time.Duration(0), false
	for i := range r.record.Attempts {
		if a := &r.record.Attempts[i]; a.Control {
			late, ended = max(late, a.Latency()), true
		}
	}
	if !ended {
		return r.clock.Now() - r.loaded
	}
	return late
}

func (r *recorder) event(e timeline.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	r.record.Events = append(r.record.Events, e)
}

func (r *recorder) attempt(a timeline.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Attempts = append(r.record.Attempts, a)
	if a.Control {
		return
	}
	r.attempts++
	if a.Dropped() {
		r.dropped++
	}
}

func (r *recorder) phase(doing string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doing = doing
}

func (r *recorder) setWaiting(waiting func() string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = waiting
}

// run is the recorded trial. Nothing is recorded from here on.
func (r *recorder) run() *timeline.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	r.record.Duration = r.clock.Now()
	return &r.record
}

// watch reports the progress until the returned function is called.
func (r *recorder) watch(ctx context.Context) (stop func()) {
	if r.report == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for sleep(ctx, refresh) == nil {
			r.report(r.progress())
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (r *recorder) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	phase := r.doing
	if r.waiting != nil {
		if why := r.waiting(); why != "" {
			phase += ", waiting for " + why + ","
		}
	}
	return Progress{Phase: phase, Elapsed: r.clock.Now(), Attempts: r.attempts, Dropped: r.dropped}
}
