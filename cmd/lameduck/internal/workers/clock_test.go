package workers

import (
	"math/rand/v2"
	"testing"
	"time"
)

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
