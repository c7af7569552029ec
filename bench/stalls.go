package main

import "time"

// watchStalls watches how long this process does not come to run when it
// should. On a machine that is busy with other things that is long, and then
// clients seem to think longer than any client would. It ends after the limit,
// or with the function it returns, which returns the longest.
func watchStalls(limit time.Duration) (longest func() time.Duration) {
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() {
		ticks := time.NewTicker(stallStep)
		defer ticks.Stop()
		w := stallWatch{last: time.Now()}
		end := w.last.Add(limit)
		for w.last.Before(end) {
			select {
			case <-ticks.C:
				w.tick(time.Now())
			case <-stop:
				w.tick(time.Now())
				worst <- w.longest
				return
			}
		}
		<-stop
		worst <- w.longest
	}()
	return func() time.Duration {
		close(stop)
		return <-worst
	}
}

const stallStep = 5 * time.Millisecond

// A stallWatch is to receive a tick each stallStep.
type stallWatch struct {
	last    time.Time
	longest time.Duration
}

func (w *stallWatch) tick(now time.Time) {
	w.longest = max(w.longest, now.Sub(w.last)-stallStep)
	w.last = now
}
