package lab

import (
	"slices"
	"sync"
	"time"
)

// mailbox holds functions for the loop to run. Posting never blocks, so a pod
// can report at any time, also while the loop waits for that pod.
type mailbox struct {
	mu    sync.Mutex
	queue []func()
	wake  chan struct{} // holds one token while the queue is not empty
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

func (m *mailbox) post(f func()) {
	m.mu.Lock()
	m.queue = append(m.queue, f)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	queue := m.queue
	m.queue = nil
	return queue
}

// agenda holds what the loop will do later, in order of time and, at the same
// time, in the order it was added.
type agenda []entry

type entry struct {
	at time.Time
	do func()
}

func (a *agenda) at(t time.Time, do func()) {
	i, _ := slices.BinarySearchFunc(*a, t, func(e entry, t time.Time) int {
		if e.at.After(t) {
			return 1
		}
		return -1 // also at the same time: the new one is later
	})
	*a = slices.Insert(*a, i, entry{t, do})
}

// due removes and returns the next entry that is due, if there is one.
func (a *agenda) due(now time.Time) (next entry, due bool) {
	if len(*a) == 0 || (*a)[0].at.After(now) {
		return entry{}, false
	}
	next = (*a)[0]
	*a = slices.Delete(*a, 0, 1)
	return next, true
}

// wait is the time until the next entry, or a long time.
func (a agenda) wait(now time.Time) time.Duration {
	if len(a) == 0 {
		return time.Hour
	}
	return max(0, a[0].at.Sub(now))
}
