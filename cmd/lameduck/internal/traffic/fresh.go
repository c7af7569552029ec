package traffic

import (
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// fresh is the policy that makes every attempt on a connection of its own.
type fresh struct{ *patternRun }

func newFresh(n *patternRun) policy { return fresh{n} }

func (f fresh) start(n int64, due time.Duration) {
	if f.admit(due) {
		f.attempts.Go(func() { f.try(due, int(n%int64(len(f.env.Dial)))) })
	}
}

func (f fresh) try(due time.Duration, node int) {
	a := f.attempt(due)
	c := f.connect(&a, node, engine.Once)
	if c == nil {
		f.finishAttempt(&a)
		return
	}
	c.do(f.ctx, a)
	f.finishAttempt(&c.last)
	f.close(c)
}

// finish has nothing to do: each attempt closed its own connection.
func (fresh) finish() {}
