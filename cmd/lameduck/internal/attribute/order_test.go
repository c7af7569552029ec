package attribute

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestOrder: whatever the order of a record is, the attempts come in that of their starts,
// and those of the same moment in that of the record.
func TestOrder(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		run := &timeline.Run{}
		longest := 1 + r.Int64N(50_000)
		for i := range r.IntN(5 * blockSize) {
			a := timeline.Attempt{Started: max(0, time.Duration(int64(i)-r.Int64N(longest))), Conn: uint64(i)}
			if r.IntN(100) == 0 {
				a.Started = timeline.Never
			}
			run.Attempts = append(run.Attempts, a)
		}
		var order starts
		_ = run.InMemory(order.add)
		var got []timeline.Attempt
		if err := order.sorted(run.InMemory)(func(a *timeline.Attempt) { got = append(got, *a) }); err != nil {
			t.Fatal(err)
		}
		want := slices.SortedStableFunc(slices.Values(run.Attempts), func(a, b timeline.Attempt) int { return cmp.Compare(a.Started, b.Started) })
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: another order", seed)
		}
	}
}

// TestOrderHoldsLittle: of a record in the order of the ends only those are held that may
// have begun before others to come.
func TestOrderHoldsLittle(t *testing.T) {
	const n, longest = 100 * blockSize, 3 * blockSize
	run := &timeline.Run{}
	for i := range time.Duration(n) {
		run.Attempts = append(run.Attempts, timeline.Attempt{Started: i - i%7*longest/6})
	}
	var order starts
	_ = run.InMemory(order.add)
	read, most := 0, 0
	counted := func(next func(*timeline.Attempt)) error {
		return run.InMemory(func(a *timeline.Attempt) { read++; next(a) })
	}
	passed := 0
	_ = order.sorted(counted)(func(*timeline.Attempt) {
		passed++
		most = max(most, read-passed)
	})
	if passed != n || most > longest+2*blockSize {
		t.Errorf("%d of %d passed on, and %d held at most", passed, n, most)
	}
}
