package lab

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// stream returns the random source for one purpose. Each purpose has its own,
// so that the order of the draws (a matter of scheduling) does not change the
// numbers of another.
func stream(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// between draws uniformly from [low, high).
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Float64()*float64(high-low))
}
