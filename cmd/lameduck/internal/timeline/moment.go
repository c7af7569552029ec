package timeline

import "time"

// Moment is when something happened, since the start of the run. It is an
// alias, because nearly all that is done with moments is to subtract them.
type Moment = time.Duration

// Never is the moment of something that did not happen; null in JSON.
const Never Moment = -1

// MostLate is the lateness of the tool that changes no outcome: the diagnosis
// gives as much to every process, to act on what it gets.
const MostLate = 250 * time.Millisecond

// Clock measures moments since its start. The monotonic clock counts.
type Clock struct{ start time.Time }

// NewClock returns a clock that starts now.
func NewClock() Clock { return Clock{time.Now()} }

// Start is the moment zero.
func (c Clock) Start() time.Time { return c.start }

// Now is the time since the start.
func (c Clock) Now() time.Duration { return time.Since(c.start) }

// At converts a wall time to a moment.
func (c Clock) At(t time.Time) time.Duration { return t.Sub(c.start) }
