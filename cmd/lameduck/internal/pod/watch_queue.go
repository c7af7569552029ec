package pod

// watchQueue looks until the container ends, or for as long as the kernel shows
// the queue.
func (p *Pod) watchQueue(c *container, port int, holders []int) {
	var last look
	for sleep(c.probes, queuePoll) == nil {
		next, ok := p.look(c, port, holders, last)
		if !ok {
			break
		}
		if last.ended == 0 || next.Listens != last.Listens || next.holdersEnded != last.holdersEnded || (next.Waiting > 0) != (last.Waiting > 0) {
			c.watches.add(next.event())
		}
		last = next
	}
	if last.ended > 0 {
		last.after = last.began
		c.watches.add(last.event()) // for how long that is known
	}
}

func (p *Pod) look(c *container, port int, holders []int, last look) (look, bool) {
	l := look{began: p.cfg.Clock.Now(), after: last.began, connections: map[uint64]came{}}
	q, err := c.AcceptQueue(port)
	if err != nil {
		return l, false
	}
	l.Queue = q
	var waiting []uint64
	switch {
	case q.Waiting > 0:
		waiting, err = c.Unaccepted(port)
	case !q.Listens:
		l.connections = last.connections // that waited when it closed
		l.holdersEnded = !c.AnyRuns(holders)
		l.running = last.running || !l.holdersEnded
	}
	l.ended = p.cfg.Clock.Now()
	for _, id := range waiting {
		when, known := last.connections[id]
		if !known {
			when = came{last.began, l.ended}
		}
		l.connections[id] = when
	}
	return l, err == nil && !c.exited()
}
