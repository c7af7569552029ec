package link

import (
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// A CloseQueue closes connections while requests finish, each when nothing has come
// on it for long enough. What it costs grows with what changes, not with how many
// are open: a connection that ends costs nothing here, one that goes idle O(log n).
type CloseQueue struct {
	d    *term.Termination
	due  []dueConn // a heap: the one that is silent for longest is the first
	next time.Time // when the next one may be closed
	idle bool      // none was due when it was last examined
}

// NewCloseQueue returns one that is empty.
func NewCloseQueue(d *term.Termination) *CloseQueue { return &CloseQueue{d: d} }

// A dueConn is a connection, and when it is to be examined.
type dueConn struct {
	*Conn
	at time.Time
}

const (
	// Many closes at once would make races of their own: they are paced, faster only
	// if half of the time left would not suffice.
	closePace = time.Millisecond
	// An interrupt can be lost to a deadline that net/http sets in the same moment; a
	// connection that is still there is interrupted once more.
	interruptAgain = 50 * time.Millisecond
	// LooksApart bounds how often connections that went idle are examined.
	LooksApart = 10 * time.Millisecond
)

// Add adds connections, those that can be closed. One that is there already is
// examined anew: it may be due earlier.
func (q *CloseQueue) Add(all []*Conn) {
	for _, c := range all {
		if !c.closable() {
			continue // it is announced when it is idle
		}
		if c.place == 0 {
			q.due = append(q.due, dueConn{Conn: c})
			c.place = int32(len(q.due))
		}
		q.set(int(c.place)-1, c.dueAt(q.d))
	}
}

// Close interrupts those that are due, so that they close, and returns after how long to
// call it again.
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
		// Measured from where they began, for a throttled container sleeps long.
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

// interrupt interrupts c, the first, unless something has come on it since it was looked at.
func (q *CloseQueue) interrupt(c *Conn, now time.Time) {
	if at := c.dueAt(q.d); at.After(now) {
		q.set(0, at)
		return
	}
	q.next = q.next.Add(min(closePace, q.d.CutAt().Sub(now)/time.Duration(2*len(q.due))))
	q.set(0, now.Add(interruptAgain))
	c.Interrupt()
}

// set moves the one at i to where it belongs at that time.
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

// remove removes the first.
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
