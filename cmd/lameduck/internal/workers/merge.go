package workers

import (
	"fmt"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// merge is the attempts of one load, from all workers.
type merge struct {
	by     time.Duration // from the pool's clock to that of the run
	node   []string      // of each worker
	record func(timeline.Attempt)

	mu     sync.Mutex
	tally  []wire.Tally // of each worker
	closed bool
}

func newMerge(workers []wire.Hello, env traffic.Env, clock timeline.Clock) *merge {
	m := &merge{by: env.Clock.At(clock.Start()), record: env.Record}
	for _, h := range workers {
		m.node = append(m.node, h.Node)
		m.tally = append(m.tally, wire.Tally{})
	}
	return m
}

func (m *merge) add(worker int, offset time.Duration, attempts []timeline.Attempt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	for _, a := range attempts {
		m.tally[worker].Add(&a)
		a.Node, a.Conn = m.node[worker], unique(a.Conn, worker)
		move(&a, offset+m.by)
		m.record(a)
	}
}

// check returns an error unless all attempts that a worker made were received.
func (m *merge) check(l *workerConn, made []wire.Count) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.tally[l.index].Check(made); err != nil {
		return fmt.Errorf("attempts of worker %s are missing: %w", l.pod, err)
	}
	return nil
}

// close records nothing from here on.
func (m *merge) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}

// connBits is how many bits of a connection's number are the worker's own.
const connBits = 40

// unique makes the number of a connection unique in the run. 0 stays 0.
func unique(conn uint64, worker int) uint64 {
	if conn == 0 {
		return 0
	}
	return uint64(worker+1)<<connBits | conn
}

// move puts every moment of an attempt onto another clock.
func move(a *timeline.Attempt, by time.Duration) {
	for _, m := range []*timeline.Moment{&a.Scheduled, &a.Started, &a.Sent, &a.Ended, &a.EndedConn} {
		if *m != timeline.Never {
			*m += by
		}
	}
}
