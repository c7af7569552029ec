package lab

import (
	"slices"
	"testing"
	"time"
)

// TestAgenda: what is due comes in order of time, and at the same time in the
// order it was added.
func TestAgenda(t *testing.T) {
	var a agenda
	var did []int
	start := time.Now()
	if w := a.wait(start); w != time.Hour {
		t.Errorf("an empty agenda waits for %v", w)
	}
	for i, after := range []time.Duration{3, 1, 2, 1, 3, 0, 1} {
		a.at(start.Add(after), func() { did = append(did, i) })
	}
	for now := start; now.Before(start.Add(3)); now = now.Add(1) {
		for e, due := a.due(now); due; e, due = a.due(now) {
			e.do()
		}
	}
	if want := []int{5, 1, 3, 6, 2}; !slices.Equal(did, want) || a.wait(start) != 3 {
		t.Errorf("did %v, want %v, and waits for %v", did, want, a.wait(start))
	}
}
