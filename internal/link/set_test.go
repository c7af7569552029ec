package link

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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

// The parts of a set are as large as one another, and all of them are listed: how long a
// lock is held depends on the largest.
func TestPartsAreEven(t *testing.T) {
	const many = 1000 * manyParts
	e := testEnv(nil)
	all := map[*Conn]bool{}
	for range many {
		c := newConn(nil, e)
		e.Set.add(c)
		all[c] = true
	}
	for i := range setOf(e).parts {
		if n := setOf(e).parts[i].count().Open; n < 800 || n > 1200 {
			t.Errorf("part %d has %d of %d", i, n, many)
		}
	}
	for c := range setOf(e).All() {
		if !all[c] {
			t.Fatal("one is listed twice, or was never added")
		}
		delete(all, c)
	}
	if len(all) > 0 {
		t.Errorf("%d are not listed", len(all))
	}
	last := newConn(nil, e)
	last.Share = 1
	e.Set.add(last) // a float32 that is next to 1 may be rounded to it
}

// A Status asks for all connections: the longest that one lock is held for that, beside
// a million.
func BenchmarkLongestLockOfAList(b *testing.B) {
	const many = 1_000_000
	e := testEnv(nil)
	for range many {
		e.Set.add(newConn(nil, e))
	}
	var longest []time.Duration
	var sum time.Duration
	for b.Loop() {
		var worst time.Duration
		some := make([]*Conn, 0, many/manyParts*2)
		for i := range setOf(e).parts {
			began := time.Now()
			if _, ok := setOf(e).parts[i].copyTo(some); !ok {
				b.Fatal("no room")
			}
			held := time.Since(began)
			sum += held
			worst = max(worst, held)
		}
		longest = append(longest, worst)
	}
	slices.Sort(longest)
	b.ReportMetric(float64(sum.Nanoseconds())/float64(len(longest)*manyParts), "ns-held-mean")
	b.ReportMetric(float64(longest[len(longest)/2].Nanoseconds()), "ns-held-median")
	b.ReportMetric(float64(longest[len(longest)-1].Nanoseconds()), "ns-held-max")
}

// What a connection costs that comes and goes beside a hundred thousand.
func BenchmarkAddAndRemoveBesideMany(b *testing.B) {
	e := testEnv(nil)
	for range 100_000 {
		e.Set.add(newConn(nil, e))
	}
	c := newConn(nil, e)
	for b.Loop() {
		e.Set.add(c)
		e.Set.remove(c)
	}
}
