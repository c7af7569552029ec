package traffic

import "time"

// alternating is the policy that makes every second attempt on a connection that is kept,
// and the others each on a connection of its own. With exchanges that take a while both are
// in progress at any moment. A server that shuts down may close a connection as idle on
// which the next request has begun to come, but it has to finish the first request of a
// connection: what becomes of that shows whether it does.
type alternating struct {
	*kept
	fresh fresh
}

func newAlternating(n *patternRun) policy {
	k := newKept(n).(*kept)
	k.connections = (k.connections + 1) / 2 // half of the requests use them, so with half as many each is used as often
	return alternating{k, fresh{n}}
}

func (p alternating) start(n int64, due time.Duration) {
	if n%2 == 0 {
		p.kept.start(n, due)
	} else if p.admit(due) {
		p.attempts.Go(func() { p.fresh.try(due, p.node()) })
	}
}
