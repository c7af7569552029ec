package lab

import (
	"container/heap"
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
type agenda struct {
	entries []entry
	noted   int
}

type entry struct {
	at    time.Time
	order int
	do    func()
}

func (a *agenda) at(t time.Time, do func()) {
	a.noted++
	heap.Push(a, entry{t, a.noted, do})
}

// due removes and returns the next function that is due; nil if there is none.
func (a *agenda) due(now time.Time) func() {
	if len(a.entries) == 0 || a.entries[0].at.After(now) {
		return nil
	}
	return heap.Pop(a).(entry).do
}

// wait is the time until the next entry, or a long time.
func (a *agenda) wait(now time.Time) time.Duration {
	if len(a.entries) == 0 {
		return time.Hour
	}
	return max(0, a.entries[0].at.Sub(now))
}

// Len, Less, Swap, Push and Pop are heap.Interface.
func (a *agenda) Len() int { return len(a.entries) }

func (a *agenda) Less(i, j int) bool {
	x, y := a.entries[i], a.entries[j]
	if x.at.Equal(y.at) {
		return x.order < y.order
	}
	return x.at.Before(y.at)
}

func (a *agenda) Swap(i, j int) { a.entries[i], a.entries[j] = a.entries[j], a.entries[i] }

func (a *agenda) Push(x any) { a.entries = append(a.entries, x.(entry)) }

func (a *agenda) Pop() any {
	last := a.entries[len(a.entries)-1]
	a.entries = a.entries[:len(a.entries)-1]
	return last
}
