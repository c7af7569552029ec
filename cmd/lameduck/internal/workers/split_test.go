package workers

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestShares: the shares add up to the rate, none is much more than another,
// and the tenths add up where every worker has one.
func TestShares(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		rate, n := 1+r.IntN(2000), 1+r.IntN(40)
		all := shares(rate, n)
		sum, tenths := 0, 0
		for _, s := range all {
			sum += s
			tenths += s / tenth
		}
		if sum != rate {
			t.Fatalf("%d over %d workers is %d: %v", rate, n, sum, all)
		}
		most := 1
		if rate >= tenth*n {
			most = 2*tenth - 1
			if tenths != rate/tenth {
				t.Fatalf("a tenth of %d over %d workers is %d: %v", rate, n, tenths, all)
			}
		}
		if slices.Max(all)-slices.Min(all) > most {
			t.Fatalf("%d over %d workers is uneven: %v", rate, n, all)
		}
	}
}

// TestUnique: connections of two workers differ, and 0 stays 0.
func TestUnique(t *testing.T) {
	seen := map[uint64]bool{}
	for worker := range 3 {
		for conn := range uint64(3) {
			n := unique(conn+1, worker)
			if seen[n] || n >= 1<<53 {
				t.Errorf("connection %d of worker %d is %d", conn+1, worker, n)
			}
			seen[n] = true
		}
	}
	if unique(1<<connBits-1, Most-1) >= 1<<53 {
		t.Error("the numbers of the last worker do not fit")
	}
	if unique(0, 2) != 0 {
		t.Error("no connection has a number")
	}
}

// TestEstimate: however long the messages take, and though the clocks drift,
// the error of the offset is at most its uncertainty; and it moves only when it
// must.
func TestEstimate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var e estimate
		truth := time.Duration(r.Int64N(int64(time.Hour))) - 30*time.Minute
		now := time.Duration(0)
		wall := time.Now()
		take := func(drift time.Duration) sample {
			there, back := time.Duration(r.Int64N(5e6)), time.Duration(r.Int64N(5e6))
			truth += drift
			s := sample{sent: now, arrived: now + there - truth, answered: now + there + 1000 - truth, received: now + there + 1000 + back}
			s.theirs, s.ours = wall.Add(now+there+1000+7*time.Second), wall.Add(s.received)
			now += time.Second
			return s
		}
		for range pingBurst {
			e.add(take(0))
		}
		if off := (e.offset - truth).Abs(); off > e.uncertainty {
			t.Fatalf("wrong by %v, with an uncertainty of %v", off, e.uncertainty)
		}
		if off := (e.skew - 7*time.Second).Abs(); off > e.shortest/2+1 {
			t.Fatalf("the skew is %v of 7 s, at a transit of %v", e.skew, e.shortest)
		}
		e.settled = true
		before := e.offset
		for range 100 {
			s := take(0)
			e.add(s)
			if off := (e.offset - truth).Abs(); off > e.uncertainty {
				t.Fatalf("settled, wrong by %v, with an uncertainty of %v", off, e.uncertainty)
			}
		}
		if moved := (e.offset - before).Abs(); moved > 5*time.Millisecond {
			t.Fatalf("moved by %v without need", moved)
		}
		for range 600 {
			s := take(50 * time.Microsecond)
			e.add(s)
			if off := (e.offset - truth).Abs(); off > s.transit()+time.Millisecond {
				t.Fatalf("drifting, wrong by %v, after a transit of %v", off, s.transit())
			}
		}
	}
}
