package diagnose

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestPeriodsOverlap compares the answer with a look at each of the periods.
func TestPeriodsOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var all []period
		for range r.IntN(8) {
			from := time.Duration(r.IntN(20))
			all = append(all, period{from, pick(r, from+time.Duration(r.IntN(6)), forever), r.IntN(3)})
		}
		p := newPeriods(slices.Clone(all))
		from, except := time.Duration(r.IntN(24)), r.IntN(4)-1
		to := from + time.Duration(r.IntN(4))
		want := slices.ContainsFunc(all, func(x period) bool { return x.pod != except && x.from <= to && x.to >= from })
		if got := p.overlap(from, to, except); got != want {
			t.Fatalf("%v, from %d to %d except %d: %v, want %v", all, from, to, except, got, want)
		}
	}
}
