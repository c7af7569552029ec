package link

import "sync/atomic"

// A lock is a mutex. It is held while a client may be slow to read, and in a bubble of
// package synctest no time passes while a goroutine waits for a sync.Mutex. So goroutines
// wait for a lock by a channel. The first one that has to wait makes the channel; without
// a wait a lock costs what a sync.Mutex does.
type lock struct {
	takers atomic.Int32 // the goroutine that has the lock, and those that wait for it
	handed atomic.Pointer[chan struct{}]
}

func (l *lock) lock() {
	if l.takers.Add(1) > 1 {
		<-l.hand()
	}
}

func (l *lock) unlock() {
	if l.takers.Add(-1) > 0 {
		l.hand() <- struct{}{} // to the one that waits for longest
	}
}

func (l *lock) tryLock() bool { return l.takers.CompareAndSwap(0, 1) }

// hand is the channel by which the lock goes from one goroutine to the next.
func (l *lock) hand() chan struct{} {
	if c := l.handed.Load(); c != nil {
		return *c
	}
	l.handed.CompareAndSwap(nil, new(make(chan struct{}, 1)))
	return *l.handed.Load()
}
