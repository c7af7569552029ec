package wire

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestTally: counts that differ in anything are noticed, in both directions.
func TestTally(t *testing.T) {
	all := Tally{}
	for _, a := range []timeline.Attempt{{Pattern: "new"}, {Pattern: "new", Cause: timeline.EOF}, {Pattern: "new", Control: true}, {Pattern: "slow"}} {
		all.Add(&a)
	}
	counts := all.Counts()
	want := []Count{
		{Pattern: "new", Attempts: 2, Dropped: 1},
		{Pattern: "new", Control: true, Attempts: 1},
		{Pattern: "slow", Attempts: 1},
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Fatal(diff)
	}
	if err := all.Check(counts); err != nil {
		t.Error(err)
	}
	for i := range counts {
		for _, wrong := range [][]Count{slices.Delete(slices.Clone(counts), i, i+1), append(slices.Clone(counts), Count{Pattern: "other", Attempts: 1})} {
			if all.Check(wrong) == nil {
				t.Errorf("%v passes", wrong)
			}
		}
		counts[i].Dropped++
		if all.Check(counts) == nil {
			t.Errorf("one drop more passes: %v", counts)
		}
		counts[i].Dropped--
	}
}
