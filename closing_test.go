package lameduck

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// What a connection that ends, or goes idle, costs while requests finish does not
// grow with how many others are open. A list of them all would.
func TestFinishingCostsTheSameBesideMany(t *testing.T) {
	const many = 3000
	for _, idle := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := &Process{Log: slog.New(slog.DiscardHandler), Grace: time.Hour}
			var before, after runtime.MemStats
			n := 0
			stay := func() {
				n++ // one by one, 10 ms apart: no two of them are looked at together
				time.Sleep(20*time.Second + time.Duration(n)*10*time.Millisecond)
			}
			var x *trial
			if idle {
				x = start(t, p, func(http.ResponseWriter, *http.Request) { stay() })
			} else {
				x = startConn(t, p, func(context.Context, net.Conn) { stay() })
			}
			for range many {
				c, _ := x.socket(largeRoom)
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
				synctest.Wait()
			}
			x.terminate()
			time.Sleep(15 * time.Second)
			runtime.ReadMemStats(&before)
			if _, err := x.end(); err != nil {
				t.Error(err)
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / many; each > 4<<10 {
				t.Errorf("idle=%v: %d bytes allocated for each of %d connections that end", idle, each, many)
			}
		})
	}
}

// The queue gives out the one that is due first, however often the times change.
func TestCloseQueueIsInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := newDrain("test", clocks{grace: time.Hour})
	q := closeQueue{d: d}
	e := testEnv(d)
	var all []*conn
	for range 500 {
		c := newConn(nil, e)
		c.quietAt.Store(r.Int64N(int64(time.Hour)))
		all = append(all, c)
	}
	q.add(all)
	for range 2000 {
		c := all[r.IntN(len(all))]
		if i := int(c.place) - 1; i < 0 || q.due[i].conn != c {
			t.Fatalf("place %d is of another connection", i)
		}
		c.quietAt.Store(r.Int64N(int64(time.Hour)))
		q.add([]*conn{c})
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
