package pod

import (
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// queuePoll is the time between two looks at the accept queue.
const queuePoll = 25 * time.Millisecond

// watches look again and again at the accept queue of the target port, and at how
// long threads waited for a processor, and keep as events what they have seen. A change
// of the queue has the moment of the look before: it came between the two, also where
// this machine was late.
type watches struct {
	news  chan struct{}  // has an item when there are events
	ended sync.WaitGroup // of the watches: the last event is kept

	mu     sync.Mutex
	events []timeline.Event
}

func newWatches() *watches {
	return &watches{news: make(chan struct{}, 1)}
}

// look is one look at the queue.
type look struct {
	sandbox.Queue
	running      bool // when the listener had closed, a process that had it
	holdersEnded bool // those are known, and none runs
	began, ended time.Duration
	after        time.Duration // when the look before began; 0: it is the first
	connections  map[uint64]came
}

// came is when a connection that waits came: after one look, and by the end of
// the next.
type came struct{ after, by time.Duration }

func (l look) event() timeline.Event {
	e := timeline.Event{Kind: timeline.AcceptQueue, After: l.after, At: l.ended, Waiting: l.Waiting}
	if !l.Listens {
		e.Kind, e.Running, e.Ended = timeline.ListenerClosed, l.running, l.holdersEnded
	}
	for _, when := range l.connections {
		if e.StalledBy == 0 || when.by < e.StalledBy {
			e.StalledAfter, e.StalledBy = when.after, when.by
		}
	}
	return e
}

func (w *watches) add(e timeline.Event) {
	w.mu.Lock()
	w.events = append(w.events, e)
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default: // it has one
	}
}
