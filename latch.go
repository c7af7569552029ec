package lameduck

import (
	"sync"
	"sync/atomic"
)

// A latch is a channel that can be closed more than once.
type latch struct {
	done chan struct{}
	once *sync.Once
}

func newLatch() latch { return latch{make(chan struct{}), new(sync.Once)} }

func (s latch) set() { s.once.Do(func() { close(s.done) }) }

func (s latch) isSet() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// A countdown is a latch that is set when so many have ended. At the end of a
// process every goroutine that only waits for another costs a wake-up.
type countdown struct {
	latch
	left *atomic.Int64
}

func newCountdown(n int) countdown {
	c := countdown{newLatch(), new(atomic.Int64)}
	c.left.Store(int64(n))
	if n == 0 {
		c.set()
	}
	return c
}

// end is called once for each.
func (c countdown) end() {
	if c.left.Add(-1) == 0 {
		c.set()
	}
}
