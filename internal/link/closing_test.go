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

// A connection that came during the termination, and on which nothing has come yet, has
// been silent since then, and not since T0: its first request may be on the wire.
func TestNewConnectionIsNotYetSilent(t *testing.T) {
	c, _ := socketPair(t)
	came := c.time(c.born)
	for after, want := range map[time.Duration]time.Time{time.Second: came, -time.Second: came.Add(time.Second)} {
		if at := c.silentSince(&term.Termination{T0: came.Add(-after)}); !at.Equal(want) {
			t.Errorf("%v after T0: silent since %v, want %v", after, at, want)
		}
	}
}
