package traffic

import "time"

// perRequest makes every attempt on a connection of its own.
type perRequest struct {
	*patternRun
	request request
}

func newConnection(n *patternRun) client {
	return &perRequest{n, newRequest(n.cfg, true)}
}

func (o *perRequest) start(n int64, due time.Duration) {
	if o.admit(due) {
		o.attempts.Go(func() { o.try(due, int(n%int64(len(o.cfg.Dial)))) })
	}
}

func (o *perRequest) try(due time.Duration, node int) {
	a := o.attempt(due)
	c := o.dial(&a, node)
	if c == nil {
		o.finishAttempt(a)
		return
	}
	defer o.closeConn(c)
	o.exchange(c, &a, &o.request, o.send)
	o.finishAttempt(a)
	if !a.Dropped() {
		c.linger()
	}
}

// finish has nothing to do: each attempt closed its own connection.
func (o *perRequest) finish() {}
