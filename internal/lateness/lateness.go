// Package lateness measures by how much a process is woken too late. A test
// whose result depends on clients that are in time asks it whether they were.
package lateness

import (
	"sync"
	"time"
)

// Sample is between two looks at the clock.
const Sample = 10 * time.Millisecond

// Tolerated is the least that the tool distinguishes: two moments that are
// closer than timeline's 30 ms are one to the tool. A wrong result on a
// machine that was never later than that is the tool's.
const Tolerated = 30 * time.Millisecond

// A Watch looks at the clock until it is stopped.
type Watch struct {
	end  chan struct{}
	done sync.WaitGroup
	most time.Duration
}

// Begin begins a watch. Stop has to be called.
func Begin() *Watch {
	w := &Watch{end: make(chan struct{})}
	w.done.Go(func() {
		for {
			due := time.Now().Add(Sample)
			select {
			case <-w.end:
				return
			case <-time.After(Sample):
				w.most = max(w.most, time.Since(due))
			}
		}
	})
	return w
}

// Stop ends the watch, and returns the worst.
func (w *Watch) Stop() time.Duration {
	close(w.end)
	w.done.Wait()
	return w.most
}
