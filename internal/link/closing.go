package link

import (
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// A CloseQueue closes idle connections in the finishing phase, each when nothing has come
// on it for long enough. Its cost grows with what changes, not with how many connections
// are open: one that ends costs nothing here, one that goes idle O(log n).
type CloseQueue struct {
	d    *term.Termination
	due  []dueConn // a heap: the one that is due earliest is the first
	next time.Time // when the next connection may be closed; zero: none was closed yet
	idle bool      // no connection was due in the last call of Close
}

// NewCloseQueue returns an empty queue.
func NewCloseQueue(d *term.Termination) *CloseQueue { return &CloseQueue{d: d} }

// A dueConn is a connection, and when it is to be examined.
type dueConn struct {
	*Conn
	at time.Time
}

const (
	// closePace is the time between two closes: many closes at the same time drop requests that
	// are on the wire. It is shorter only if half of the time left would not suffice.
	closePace = time.Millisecond
	// interruptAgain is after how long a connection that is still open is interrupted once
	// more: an interrupt is lost if net/http sets a deadline at the same moment.
	interruptAgain = 50 * time.Millisecond
	// LooksApart is the least time between two looks at the connections that went idle.
	LooksApart = 10 * time.Millisecond
)

// Add adds those connections that can be closed. It computes anew when one that is in the
// queue already is due: that may be earlier now.
func (q *CloseQueue) Add(all []*Conn) {
	for _, c := range all {
		if !c.closable() {
			continue // it announces itself when it goes idle
		}
		if c.place == 0 {
			q.due = append(q.due, dueConn{Conn: c})
			c.place = int32(len(q.due))
		}
		q.set(int(c.place)-1, c.dueAt(q.d))
	}
}

// Close interrupts the connections that are due, so that their readers close them, and
// returns after how long it is to be called again.
func (q *CloseQueue) Close() time.Duration {
	for len(q.due) > 0 && !q.d.Cut.IsSet() {
		now := time.Now()
		first := q.due[0]
		if wait := first.at.Sub(now); wait > 0 {
			q.idle = true
			return wait
		}
		if q.idle || q.next.IsZero() {
			q.idle, q.next = false, now
		}
		// The pace is kept on average since the first close: a throttled container sleeps too long.
		if wait := q.next.Sub(now); wait > 0 {
			return wait
		}
		switch {
		case !now.Before(q.d.CutAt()):
			return 0
		case first.closed.Load() || !first.closable():
			q.remove()
		default:
			q.interrupt(first.Conn, now)
		}
	}
	q.idle = true
	return time.Hour
}

// interrupt interrupts c, the first of the queue, unless something has come on c since it
// was added.
func (q *CloseQueue) interrupt(c *Conn, now time.Time) {
	if at := c.dueAt(q.d); at.After(now) {
		q.set(0, at)
		return
	}
	q.next = q.next.Add(min(closePace, q.d.CutAt().Sub(now)/time.Duration(2*len(q.due))))
	q.set(0, now.Add(interruptAgain))
	c.Interrupt()
}

// set makes the connection at i due at that time, and moves it to its place in the heap.
func (q *CloseQueue) set(i int, at time.Time) {
	x := q.due[i]
	x.at = at
	for ; i > 0 && at.Before(q.due[(i-1)/2].at); i = (i - 1) / 2 {
		q.put(i, q.due[(i-1)/2])
	}
	for {
		child := 2*i + 1
		if child+1 < len(q.due) && q.due[child+1].at.Before(q.due[child].at) {
			child++
		}
		if child >= len(q.due) || !q.due[child].at.Before(at) {
			break
		}
		q.put(i, q.due[child])
		i = child
	}
	q.put(i, x)
}

func (q *CloseQueue) put(i int, x dueConn) {
	q.due[i] = x
	x.place = int32(i + 1)
}

// remove removes the first connection.
func (q *CloseQueue) remove() {
	q.due[0].place = 0
	last := len(q.due) - 1
	x := q.due[last]
	q.due[last] = dueConn{}
	q.due = q.due[:last]
	if last > 0 {
		q.due[0] = x
		q.set(0, x.at)
	}
}
