package traffic

import "time"

// oneshot makes every attempt on a connection of its own.
type oneshot struct {
	*lane
	request request
}

func newConnection(n *lane) client {
	return &oneshot{n, newRequest(n.cfg, true)}
}

func (o *oneshot) start(n int64, due time.Duration) {
	if o.admit(due) {
		o.attempts.Go(func() { o.try(due, int(n%int64(len(o.cfg.Dial)))) })
	}
}

func (o *oneshot) try(due time.Duration, node int) {
	a := o.attempt(due)
	c := o.dial(&a, node)
	if c == nil {
		o.conclude(a)
		return
	}
	defer o.hangUp(c)
	o.exchange(c, &a, &o.request, o.send)
	o.conclude(a)
	if !a.Dropped() {
		c.linger()
	}
}

// finish has nothing to do: each attempt closed its own connection.
func (o *oneshot) finish() {}
