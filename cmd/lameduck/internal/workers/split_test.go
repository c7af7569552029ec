package workers

import (
	"math/rand/v2"
	"slices"
	"testing"
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
