package workers

import (
	"reflect"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestMove: every moment of an attempt is moved, and Never is not.
func TestMove(t *testing.T) {
	var a timeline.Attempt
	duration := reflect.TypeFor[time.Duration]()
	moments := func() (all []reflect.Value) {
		v := reflect.ValueOf(&a).Elem()
		for _, field := range v.Fields() {
			if field.Type() == duration {
				all = append(all, field)
			}
		}
		return all
	}
	a.End = timeline.FIN
	for _, m := range moments() {
		m.SetInt(100)
	}
	move(&a, 11)
	for i, m := range moments() {
		if m.Int() != 111 {
			t.Errorf("moment %d is %d", i, m.Int())
		}
		m.SetInt(int64(timeline.Never))
	}
	before := a
	if move(&a, 11); a != before {
		t.Errorf("moved what never happened: %+v", a)
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
