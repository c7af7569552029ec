package term

import (
	"sync"
	"sync/atomic"
)

// A Latch is a channel that may be closed by any goroutine, and more than once. It is set
// when the channel is closed.
type Latch struct {
	Done chan struct{}
	once *sync.Once
}

// NewLatch returns one that is not set.
func NewLatch() Latch { return Latch{make(chan struct{}), new(sync.Once)} }

// Set closes the channel, if it is open.
func (s Latch) Set() { s.once.Do(func() { close(s.Done) }) }

// Draining makes a Latch a Leaver: what has it in its context leaves when it is set.
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

// A Countdown is a latch that is set when n goroutines have called End. A sync.WaitGroup
// would need one more goroutine that waits, and its wake-up, at the end of a process.
type Countdown struct {
	Latch
	left *atomic.Int64
}

// NewCountdown returns a Countdown of n. With n = 0 it is set.
func NewCountdown(n int) Countdown {
	c := Countdown{NewLatch(), new(atomic.Int64)}
	c.left.Store(int64(n))
	if n == 0 {
		c.Set()
	}
	return c
}

// End counts one down.
func (c Countdown) End() {
	if c.left.Add(-1) == 0 {
		c.Set()
	}
}
