package lab

import (
	"math/rand/v2"
	"time"
)

// stream returns the random source for one purpose. Each purpose has its own,
// so that the order of the draws (a matter of scheduling) does not change the
// numbers of another.
func stream(seed uint64, purpose string) *rand.Rand {
	return rand.New(rand.NewPCG(seed, number(purpose)))
}

// number is FNV-1a. Package hash/fnv would be one more for the demo to compile.
func number(name string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// between draws uniformly from [low, high).
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Float64()*float64(high-low))
}
