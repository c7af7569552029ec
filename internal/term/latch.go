package term

import (
	"sync"
	"sync/atomic"
)

// A Latch is a channel that can be closed more than once.
type Latch struct {
	Done chan struct{}
	once *sync.Once
}

// NewLatch returns one that is not set.
func NewLatch() Latch { return Latch{make(chan struct{}), new(sync.Once)} }

// Set closes the channel, if it is open.
func (s Latch) Set() { s.once.Do(func() { close(s.Done) }) }

// Draining is for the context of what is to leave when the latch is set.
func (s Latch) Draining() <-chan struct{} { return s.Done }

// IsSet reports whether the channel is closed.
func (s Latch) IsSet() bool {
	select {
	case <-s.Done:
		return true
	default:
		return false
	}
}

// A Countdown is a latch that is set when so many have ended. At the end of a
// process every goroutine that only waits for another costs a wake-up.
type Countdown struct {
	Latch
	left *atomic.Int64
}

// NewCountdown returns one of n; none is set at once.
func NewCountdown(n int) Countdown {
	c := Countdown{NewLatch(), new(atomic.Int64)}
	c.left.Store(int64(n))
	if n == 0 {
		c.Set()
	}
	return c
}

// End is called once for each.
func (c Countdown) End() {
	if c.left.Add(-1) == 0 {
		c.Set()
	}
}
