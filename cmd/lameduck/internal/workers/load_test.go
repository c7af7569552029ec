package workers

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// TestAssignment: every setting of a traffic.Config reaches the worker, or is
// one of those that are the worker's own.
func TestAssignment(t *testing.T) {
	own := []string{"Dial", "Nodes", "Control", "Clock", "Record"}
	slow, err := traffic.ParsePatterns("slow")
	if err != nil {
		t.Fatal(err)
	}
	cfg := traffic.Config{
		Patterns: slow, Rate: 3, Method: "HEAD", Path: "/p", Host: "h", PodHeader: "X-Pod",
		Connections: 5, Underway: 6, DialTimeout: 7, Timeout: 8,
	}
	a := assign([]string{"shop:80", "shop:81"}, cfg)
	a.Rate = cfg.Rate
	got, err := config(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Dial) != 2 {
		t.Errorf("%d dialers for two targets", len(got.Dial))
	}
	want, have := reflect.ValueOf(cfg), reflect.ValueOf(got)
	for i := range want.NumField() {
		f := want.Type().Field(i)
		if !f.IsExported() || slices.Contains(own, f.Name) {
			continue
		}
		if want.Field(i).IsZero() {
			t.Errorf("this test does not know the field %s", f.Name)
		} else if f.Name != "Patterns" && !want.Field(i).Equal(have.Field(i)) {
			t.Errorf("%s is %v, want %v", f.Name, have.Field(i), want.Field(i))
		}
	}
	if len(got.Patterns) != 1 || got.Patterns[0].Name != "slow" {
		t.Errorf("the patterns are %v", got.Patterns)
	}
}

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

// TestTally: counts that differ in anything are noticed, in both directions.
func TestTally(t *testing.T) {
	all := tally{}
	for _, a := range []timeline.Attempt{{Pattern: "new"}, {Pattern: "new", Cause: timeline.EOF}, {Pattern: "new", Control: true}, {Pattern: "slow"}} {
		all.add(&a)
	}
	counts := all.counts()
	want := []wire.Count{
		{Pattern: "new", Attempts: 2, Dropped: 1},
		{Pattern: "new", Control: true, Attempts: 1},
		{Pattern: "slow", Attempts: 1},
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Fatal(diff)
	}
	if err := all.check(counts); err != nil {
		t.Error(err)
	}
	for i := range counts {
		for _, wrong := range [][]wire.Count{slices.Delete(slices.Clone(counts), i, i+1), append(slices.Clone(counts), wire.Count{Pattern: "other", Attempts: 1})} {
			if all.check(wrong) == nil {
				t.Errorf("%v passes", wrong)
			}
		}
		counts[i].Dropped++
		if all.check(counts) == nil {
			t.Errorf("one drop more passes: %v", counts)
		}
		counts[i].Dropped--
	}
}
