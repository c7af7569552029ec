package wire

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzLines: any input is an error, or a message that is the same after it is
// written and read again.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{
		`{"hello":true}`, `{"ping":7}`, `{"stop":true}`, `{"abort":true}`, `{"stop":true,"abort":true}`,
		`{"start":{"targets":["shop:80"],"begin":5,"patterns":["new"],"rate":7}}`,
		`{"hello":{"protocol":1,"pod":"p","node":"n","control":"10.0.0.1:8081"}}`,
		`{"pong":{"ping":7,"heard":1,"answered":2,"wall":"2026-01-02T03:04:05.6Z"}}`,
		`{"attempts":[{"pattern":"new","scheduled":1,"started":2,"sent":null,"ended":3,"conn":4,"stream":5,"addr":"10.0.0.1:80","node":"n","bytes":0,"phase":"send","class":"cut","cause":"eof"}]}`,
		`{"done":{"counts":[{"pattern":"new","attempts":3,"dropped":1}]}}`, `{"failed":"terminated"}`,
		``, `{}`, `null`, `[]`, `{"started":true`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if o, err := ParseCommand(line); err == nil {
			roundTrip(t, o, ParseCommand)
		}
		if w, err := ParseMessage(line); err == nil {
			roundTrip(t, w, ParseMessage)
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
		if o, err := ParseCommand([]byte(line)); err == nil {
			t.Errorf("%s is understood as %+v", line, o)
		}
	}
	if w, err := ParseMessage([]byte(`{"attempts":[]}`)); err == nil {
		t.Errorf("no attempts are understood as %+v", w)
	}
}

// TestWholeLines: an incomplete line at the end of a broken stream is left out.
func TestWholeLines(t *testing.T) {
	l := NewLines(strings.NewReader("one\ntwo\nthr"))
	var got []string
	for line, err := l.Next(); err == nil; line, err = l.Next() {
		got = append(got, string(line))
	}
	if want := []string{"one", "two"}; !slices.Equal(got, want) {
		t.Errorf("the lines are %q", got)
	}
	l = NewLines(strings.NewReader(strings.Repeat("x", longest+1) + "\n"))
	if _, err := l.Next(); err == nil {
		t.Error("a line without end is read")
	}
}
