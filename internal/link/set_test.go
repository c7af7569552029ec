package link

import (
	"math/rand/v2"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// A group has what was added and not removed, whatever the order was.
func TestGroupIsASet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	e := testEnv(term.New("test", term.Clocks{}))
	var all []*Conn
	for range 300 {
		all = append(all, newConn(nil, e))
	}
	var groups [2]group // a connection may move from one to the other
	var want [2]map[*Conn]bool
	for i := range want {
		want[i] = map[*Conn]bool{}
	}
	for range 20000 {
		c, in := all[r.IntN(len(all))], r.IntN(2)
		if want[1-in][c] {
			if !groups[1-in].remove(c) {
				t.Fatal("one that is there is not removed")
			}
			delete(want[1-in], c)
		}
		if r.IntN(3) > 0 {
			groups[in].add(c)
			want[in][c] = true
		} else if groups[in].remove(c) != want[in][c] {
			t.Fatalf("removed, and it was there: %v", want[in][c])
		} else {
			delete(want[in], c)
		}
		for i, g := range groups {
			if len(g) != len(want[i]) {
				t.Fatalf("%d are in group %d, want %d", len(g), i, len(want[i]))
			}
		}
	}
	for i, g := range groups {
		for _, c := range g {
			if !want[i][c] || !g.has(c) {
				t.Error("one is there that was removed")
			}
		}
	}
}

// How long the lock of the set is held to list a hundred thousand connections: in a map,
// as it was, and in groups.
func BenchmarkList(b *testing.B) {
	const many = 100_000
	e := testEnv(nil)
	before := map[*Conn]struct{}{}
	for range many {
		c := newConn(nil, e)
		e.Set.add(c)
		before[c] = struct{}{}
	}
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			all := make([]*Conn, 0, len(before))
			for c := range before {
				all = append(all, c)
			}
			if len(all) != many {
				b.Fatal(len(all))
			}
		}
	})
	b.Run("group", func(b *testing.B) {
		for b.Loop() {
			if all := setOf(e).List(); len(all) != many {
				b.Fatal(len(all))
			}
		}
	})
}

// The same for a connection that is added and removed beside as many.
func BenchmarkAddAndRemoveBesideMany(b *testing.B) {
	const many = 100_000
	e := testEnv(nil)
	before := map[*Conn]struct{}{}
	for range many {
		c := newConn(nil, e)
		e.Set.add(c)
		before[c] = struct{}{}
	}
	c := newConn(nil, e)
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			before[c] = struct{}{}
			delete(before, c)
		}
	})
	b.Run("group", func(b *testing.B) {
		var g group = setOf(e).open
		for b.Loop() {
			g.add(c)
			g.remove(c)
		}
	})
}
