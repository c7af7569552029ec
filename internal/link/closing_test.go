package link

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// The queue gives out the one that is due first, however often the times change.
func TestCloseQueueIsInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := term.New("test", term.Clocks{Grace: time.Hour})
	q := NewCloseQueue(d)
	e := testEnv(d)
	var all []*Conn
	for range 500 {
		c := newConn(nil, e)
		c.lastActivity.Store(r.Int64N(int64(time.Hour)))
		all = append(all, c)
	}
	q.Add(all)
	for range 2000 {
		c := all[r.IntN(len(all))]
		if i := int(c.place) - 1; i < 0 || q.due[i].Conn != c {
			t.Fatalf("place %d is of another connection", i)
		}
		c.lastActivity.Store(r.Int64N(int64(time.Hour)))
		q.Add([]*Conn{c})
	}
	last := time.Time{}
	for n := len(all); n > 0; n-- {
		first := q.due[0]
		if len(q.due) != n || first.at.Before(last) || !first.at.Equal(first.dueAt(d)) {
			t.Fatalf("%d are left, want %d; due at %v after %v", len(q.due), n, first.at, last)
		}
		last = first.at
		q.remove()
	}
}
