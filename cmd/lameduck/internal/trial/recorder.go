package trial

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/version"
)

const refresh = 100 * time.Millisecond // between two calls of Progress

// recorder collects events and attempts, from many goroutines, on one clock.
type recorder struct {
	clock  timeline.Clock
	report func(Progress)

	mu       sync.Mutex
	record   timeline.Run
	attempts int // without those at the control target
	dropped  int
	doing    string
	left     remaining        // of the actions
	waiting  func() string    // of the stage; nil: it has none
	servedAt int              // the last rate of a load before this one at which an attempt was served; 0: none
	loaded   time.Duration    // when the traffic began
	over     bool             // events from now on are of the clean-up
	save     *timeline.Writer // nil before the traffic is warm, or where the run is not saved
}

func newRecorder(cfg Config) *recorder {
	r := &recorder{clock: timeline.NewClock(), report: cfg.Progress}
	r.record = timeline.Run{
		Start: r.clock.Start(), Tool: version.String(), Stage: cfg.Name, Action: cfg.Action, Rounds: cfg.Rounds, Replicas: cfg.Replicas,
		Nodes: cfg.Nodes, Seed: cfg.Seed, Load: cfg.Traffic.WithDefaults().Recorded(), Spec: cfg.Spec, Accuracy: cfg.Accuracy,
		RateChosen: cfg.LowerRate,
	}
	return r
}

// begin starts the record of the traffic anew, at this rate.
func (r *recorder) begin(rate int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.attempts > r.dropped {
		r.servedAt = r.record.Rate
	}
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
	if r.save != nil {
		r.save.Event(e)
	}
}

func (r *recorder) attempt(a timeline.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Attempts = append(r.record.Attempts, a)
	if r.save != nil {
		r.save.Attempt(a)
	}
	if a.Control {
		return
	}
	r.attempts++
	if a.Dropped() {
		r.dropped++
	}
}

// saveTo writes what was recorded so far, and from now on everything when it is
// recorded. Only now is the rate known.
func (r *recorder) saveTo(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w != nil {
		r.save = timeline.NewWriter(w, &r.record)
		r.save.Add(&r.record)
	}
}

// saved completes the file of the run.
func (r *recorder) saved(run *timeline.Run) error {
	if r.save == nil {
		return nil
	}
	if err := r.save.End(run); err != nil {
		return hint.New(&SaveError{err}, "is the disk full? A run takes about 0.3 kB an attempt")
	}
	return nil
}

func (r *recorder) phase(doing string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doing = doing
}

// acting starts the estimate of how long the actions take.
func (r *recorder) acting(rounds int, each time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = remaining{begun: r.clock.Now(), rounds: rounds, each: each}
}

func (r *recorder) roundEnded(rounds int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left.ended(rounds, r.clock.Now())
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
			phase += ", waiting for " + why
		}
	}
	now := r.clock.Now()
	return Progress{Phase: phase, Elapsed: now, Left: r.left.at(now), Attempts: r.attempts, Dropped: r.dropped}
}
