package term

import (
	"runtime"
	"sync"
	"time"
)

// An Agenda calls many things, each at its time. It has one timer, and mostly one goroutine
// while something is due: a termination may have moments for a hundred thousand
// connections, and a timer for each would cost too much. The zero value is empty.
type Agenda struct {
	mu     sync.Mutex
	due    []appointment // a heap: the earliest is the first
	origin time.Time     // times are nanoseconds after this
	timer  *time.Timer   // nil before the first Add
	next   int64         // when the timer fires; 0: it does not

	callers      int // goroutines that call what is due
	called, seen int // Dues that were called, until now and until the last fireSoon
}

// A Due is what an Agenda calls at its time. The call may block: then another goroutine
// calls the next ones.
type Due interface{ Due() }

type appointment struct {
	at   int64
	what Due
}

// apart is the least time between two firings of the timer, and the time that one Due may
// block before another goroutine goes on with the next.
const apart = time.Millisecond

// Add has what called after wait.
func (a *Agenda) Add(wait time.Duration, what Due) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer == nil {
		a.origin = time.Now()
		a.timer = time.AfterFunc(time.Hour, a.fire)
	}
	at := int64(time.Since(a.origin) + max(0, wait))
	a.due = append(a.due, appointment{})
	a.up(len(a.due)-1, appointment{at, what})
	a.arm(at)
}

// arm has the timer fire at that time, unless it fires earlier. The caller holds mu.
func (a *Agenda) arm(at int64) {
	if a.next == 0 || at < a.next {
		a.next = max(1, at)
		a.timer.Reset(time.Duration(at) - time.Since(a.origin))
	}
}

// fire is called by the timer. If goroutines are calling what is due already, as many more
// join them, but only if those have called nothing since the last fireSoon: then they are
// blocked.
func (a *Agenda) fire() {
	more := a.join()
	for i := 1; i < more; i++ {
		go a.call()
	}
	if more > 0 {
		a.call()
	}
}

// join returns how many goroutines are to join those that call what is due, and counts
// them as callers.
func (a *Agenda) join() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = 0
	if a.callers > 0 && a.called != a.seen {
		a.fireSoon()
		return 0
	}
	more := max(1, min(a.callers, len(a.due)))
	a.callers += more
	return more
}

func (a *Agenda) call() {
	for what := a.take(); what != nil; what = a.take() {
		what.Due()
		runtime.Gosched() // requests that have come meanwhile are served before the next Due
	}
}

// fireSoon has the timer fire again soon, to see whether the callers have called anything
// since. The caller holds mu.
func (a *Agenda) fireSoon() {
	a.seen = a.called
	a.arm(int64(time.Since(a.origin) + apart))
}

// take takes the first that is due. If none is, it returns nil, and the calling
// goroutine is a caller no more.
func (a *Agenda) take() Due {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.due) == 0 {
		a.due = nil // its memory may be large
		a.callers--
		return nil
	}
	now := int64(time.Since(a.origin))
	first := a.due[0]
	if first.at > now {
		a.callers--
		a.arm(max(first.at, now+int64(apart)))
		return nil
	}
	last := len(a.due) - 1
	x := a.due[last]
	a.due[last] = appointment{}
	if a.due = a.due[:last]; last > 0 {
		a.down(x)
	}
	if a.called++; a.next == 0 {
		a.fireSoon()
	}
	return first.what
}

// up puts x at i, or above it where the heap has its place.
func (a *Agenda) up(i int, x appointment) {
	for ; i > 0 && x.at < a.due[(i-1)/2].at; i = (i - 1) / 2 {
		a.due[i] = a.due[(i-1)/2]
	}
	a.due[i] = x
}

// down puts x at the top, or below it where the heap has its place.
func (a *Agenda) down(x appointment) {
	i := 0
	for {
		child := 2*i + 1
		if child+1 < len(a.due) && a.due[child+1].at < a.due[child].at {
			child++
		}
		if child >= len(a.due) || a.due[child].at >= x.at {
			break
		}
		a.due[i] = a.due[child]
		i = child
	}
	a.due[i] = x
}
