package pod

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// queueReport is the time between two events while connections wait: a pod that the end of
// the trial ends leaves no last one.
const queueReport = time.Second

// watchQueue looks until the container ends, or for as long as the kernel shows
// the queue.
func (p *Pod) watchQueue(c *container, port int, holders []int) {
	var last look
	var reported time.Duration // when the last event was
	for sleep(c.probes, queuePoll) == nil {
		next, ok := p.look(c, port, holders, last)
		if !ok {
			break
		}
		stillWait := next.Waiting > 0 && next.ended-reported >= queueReport
		if last.ended == 0 || next.Listens != last.Listens || next.holdersEnded != last.holdersEnded || (next.Waiting > 0) != (last.Waiting > 0) || stillWait {
			c.watches.add(next.event())
			reported = next.ended
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
	q, waiting, err := c.queue(port)
	if err != nil {
		return l, false
	}
	l.Queue = q
	if !q.Listens {
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
	return l, !c.exited()
}

// queue is the accept queue, and the connections in it. When a listener closes, the kernel
// resets those of its queue one by one, the oldest first: a list that was made meanwhile
// lacks some. So the listener is looked at once more after the list was made.
func (c *container) queue(port int) (q sandbox.Queue, waiting []uint64, err error) {
	if q, err = c.AcceptQueue(port); err != nil || q.Waiting == 0 {
		return q, nil, err
	}
	if waiting, err = c.Unaccepted(port); err != nil {
		return q, nil, err
	}
	if q, err = c.AcceptQueue(port); q.Waiting == 0 {
		waiting = nil
	}
	return q, waiting, err
}
