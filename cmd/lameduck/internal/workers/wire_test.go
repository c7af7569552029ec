package workers

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// FuzzLines: whatever comes is understood, and then says the same when it is
// said again, or is an error.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{
		`{"hello":true}`, `{"ping":7}`, `{"stop":true}`, `{"abort":true}`, `{"stop":true,"abort":true}`,
		`{"start":{"targets":["shop:80"],"begin":5,"patterns":["new"],"rate":7}}`,
		`{"hello":{"protocol":1,"pod":"p","node":"n","control":"10.0.0.1:8081"}}`,
		`{"pong":{"ping":7,"heard":1,"answered":2,"wall":"2026-01-02T03:04:05.6Z"}}`,
		`{"attempts":[{"pattern":"new","scheduled":1,"started":2,"sent":-1,"ended":3,"conn":4,"node":0,"bytes":0,"cause":"eof"}]}`,
		`{"done":{"counts":[{"pattern":"new","attempts":3,"dropped":1}]}}`, `{"failed":"terminated"}`,
		``, `{}`, `null`, `[]`, `{"started":true`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if o, err := parseOrder(line); err == nil {
			roundTrip(t, o, parseOrder)
		}
		if w, err := parseWord(line); err == nil {
			roundTrip(t, w, parseWord)
		}
	})
}

func roundTrip[T any](t *testing.T, message T, parse func([]byte) (T, error)) {
	t.Helper()
	line, err := json.Marshal(message)
	if err != nil {
		t.Skip(err) // a time beyond the year 9999
	}
	same, err := parse(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	second, err := json.Marshal(same)
	if err != nil || string(second) != string(line) {
		t.Errorf("%s became %s (%v)", line, second, err)
	}
}

// TestOneContent: a message has one content.
func TestOneContent(t *testing.T) {
	for _, line := range []string{`{}`, `{"hello":true,"ping":1}`, `{"ping":0}`, `{"ping":-1}`, `nonsense`, ``} {
		if o, err := parseOrder([]byte(line)); err == nil {
			t.Errorf("%s is understood as %+v", line, o)
		}
	}
	if w, err := parseWord([]byte(`{"attempts":[]}`)); err == nil {
		t.Errorf("no attempts are understood as %+v", w)
	}
}

// TestWholeLines: what a stream that breaks had begun to say is left out.
func TestWholeLines(t *testing.T) {
	l := newLines(strings.NewReader("one\ntwo\nthr"))
	var got []string
	for line, err := l.next(); err == nil; line, err = l.next() {
		got = append(got, string(line))
	}
	if want := []string{"one", "two"}; !slices.Equal(got, want) {
		t.Errorf("the lines are %q", got)
	}
	l = newLines(strings.NewReader(strings.Repeat("x", longest+1) + "\n"))
	if _, err := l.next(); err == nil {
		t.Error("a line without end is read")
	}
}

// TestAssignment: everything that a traffic.Config says reaches the worker, or
// is one of those that are the worker's own.
func TestAssignment(t *testing.T) {
	own := []string{"Dial", "Control", "Clock", "Record"}
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
	got, err := a.config()
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

// TestMove: every moment of an attempt is moved, and what did not happen is
// not.
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
	open := timeline.Attempt{}
	if move(&open, 11); open.EndedConn != 0 {
		t.Error("a connection that is open has ended")
	}
}

// TestTally: counts that differ in anything are noticed, in both directions.
func TestTally(t *testing.T) {
	all := tally{}
	for _, a := range []timeline.Attempt{{Pattern: "new"}, {Pattern: "new", Cause: timeline.EOF}, {Pattern: "new", Control: true}, {Pattern: "slow"}} {
		all.add(&a)
	}
	counts := all.counts()
	want := []count{{"new", false, 2, 1}, {"new", true, 1, 0}, {"slow", false, 1, 0}}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Fatal(diff)
	}
	if err := all.check(counts); err != nil {
		t.Error(err)
	}
	for i := range counts {
		for _, wrong := range [][]count{slices.Delete(slices.Clone(counts), i, i+1), append(slices.Clone(counts), count{Pattern: "other", Attempts: 1})} {
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
