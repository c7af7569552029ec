package wire

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A List is what a map would be, whatever its size has been.
func TestListIsAMap(t *testing.T) {
	var l List[uint32, int]
	model := map[uint32]int{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := 1; i <= 100000; i++ {
		key := r.Uint32N(400)
		_, has := model[key]
		if grow := (i/5000)%2 == 0; !has && (grow || r.IntN(4) == 0) {
			l.Add(key, i)
			model[key] = i
		} else if has && (!grow || r.IntN(4) == 0) {
			l.Remove(key)
			delete(model, key)
		}
		if got := l.Find(key); (got != nil) != (model[key] != 0) || got != nil && *got != model[key] {
			t.Fatalf("%d: %v, want %v", key, got, model[key])
		}
		if len(l.Entries) != len(model) {
			t.Fatalf("%d entries, want %d", len(l.Entries), len(model))
		}
	}
	for key := range uint32(400) {
		l.Remove(key)
	}
	if l.at != nil || len(l.Entries) != 0 {
		t.Errorf("an empty list keeps %v and %v", l.at, l.Entries)
	}
}

func TestRemoveFunc(t *testing.T) {
	for _, n := range []uint32{10, 1000} {
		var l List[uint32, uint32]
		for i := range n {
			l.Add(i, i)
		}
		l.RemoveFunc(func(i, _ uint32) bool { return i >= n/2 })
		for i := range n {
			if has := l.Find(i) != nil; has != (i < n/2) {
				t.Errorf("of %d: %d is there: %v", n, i, has)
			}
		}
		if !slices.ContainsFunc(l.Entries, func(e Entry[uint32, uint32]) bool { return e.Key == 0 }) {
			t.Error("the first is gone")
		}
	}
}

// The cost of one more beside so many.
func BenchmarkAddAndRemove(b *testing.B) {
	for name, n := range map[string]uint32{"beside 1": 1, "beside 50": 50, "beside 10000": 10000} {
		b.Run(name, func(b *testing.B) {
			var l List[uint32, int]
			for i := range n {
				l.Add(i, 0)
			}
			for key := n; b.Loop(); key++ {
				l.Add(key, 0)
				l.Remove(key)
			}
		})
	}
}

// Beside many, one is found by the index: a List that looks at one after the other costs
// each frame of a connection with ten thousand streams 10 us.
func TestManyAreFoundByTheIndex(t *testing.T) {
	var l List[uint32, uint32]
	for i := range uint32(few) {
		l.Add(i, i)
	}
	if l.at != nil {
		t.Errorf("there is an index of %d", few)
	}
	for i := range uint32(1000) {
		l.Add(few+i, few+i)
	}
	l.at[500] = 7 // a wrong place, which only the index has
	if got := *l.Find(500); got != 7 {
		t.Errorf("found %d, which is not where the index has it", got)
	}
}
