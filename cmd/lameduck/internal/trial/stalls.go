package trial

import (
	"context"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const (
	tick = 5 * time.Millisecond
	// onTime is a lateness that is no stall: well below the reaction time that the
	// diagnosis gives to any process.
	onTime = 10 * time.Millisecond
)

// watchStalls records each time in which this process, which has the clients and
// the lab in it, got no processor, until the returned function is called: a
// goroutine that is due every few milliseconds shows it by being late.
func (r *recorder) watchStalls(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for due := r.clock.Now() + tick; sleep(ctx, due-r.clock.Now()) == nil; due = r.clock.Now() + tick {
			if now := r.clock.Now(); now-due > onTime {
				r.event(timeline.Event{At: now, Due: due, Kind: timeline.Stalled, Source: timeline.SourceTrial})
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}
