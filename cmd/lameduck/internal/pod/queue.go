package pod

import (
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// queuePoll is the time between two looks at the accept queue.
const queuePoll = 25 * time.Millisecond

// queueWatch looks at the accept queue of the target port again and again, and
// keeps what has changed as events. Each has the moment of the look before: the
// change came between the two, also where this machine was late.
type queueWatch struct {
	news  chan struct{} // has an item when there are events
	ended chan struct{} // closed when the last event is kept

	mu     sync.Mutex
	events []timeline.Event
}

func newQueueWatch() *queueWatch {
	return &queueWatch{news: make(chan struct{}, 1), ended: make(chan struct{})}
}

// look is one look at the queue.
type look struct {
	sandbox.Queue
	began, ended time.Duration
	after        time.Duration // when the look before began; 0: it is the first
	connections  map[uint64]came
}

// came is when a connection that waits came: after one look, and by the end of
// the next.
type came struct{ after, by time.Duration }

// watchQueue looks until the container ends, or for as long as the kernel shows
// the queue.
func (p *Pod) watchQueue(c *container, port int) {
	defer close(c.queue.ended)
	var last look
	for sleep(c.probes, queuePoll) == nil {
		next, ok := p.look(c, port, last)
		if !ok {
			break
		}
		if last.ended == 0 || next.Listens != last.Listens || (next.Waiting > 0) != (last.Waiting > 0) {
			c.queue.add(next.event())
		}
		last = next
	}
	if last.ended > 0 {
		last.after = last.began
		c.queue.add(last.event()) // for how long that is known
	}
}

func (p *Pod) look(c *container, port int, last look) (look, bool) {
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

func (l look) event() timeline.Event {
	e := timeline.Event{Kind: timeline.AcceptQueue, After: l.after, At: l.ended, Waiting: l.Waiting}
	if !l.Listens {
		e.Kind = timeline.ListenerClosed
	}
	for _, when := range l.connections {
		if e.StalledBy == 0 || when.by < e.StalledBy {
			e.StalledAfter, e.StalledBy = when.after, when.by
		}
	}
	return e
}

func (w *queueWatch) add(e timeline.Event) {
	w.mu.Lock()
	w.events = append(w.events, e)
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default: // it has one
	}
}

// emitQueue emits what the watch of the container has kept.
func (p *Pod) emitQueue(c *container) {
	w := c.queue
	w.mu.Lock()
	events := w.events
	w.events = nil
	w.mu.Unlock()
	for _, e := range events {
		e.Pod = p.cfg.Name
		p.cfg.Emit(e)
	}
}
