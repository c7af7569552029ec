package main

import "time"

// watchStalls measures for how long this process gets no processor. On a machine that is
// busy with other things that is long, and then the pauses of the clients are longer than
// asked for. It ends after the limit, or with the function that it returns, which returns
// the longest stall.
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
