package short

import (
	"testing"
	"unicode/utf8"
)

func TestWholeLines(t *testing.T) {
	for _, test := range []struct {
		text string
		most int
		want string
	}{
		{"one\ntwo\n", 8, "one\ntwo\n"},
		{"one\ntwo\nthree", 12, "one\ntwo\n..."},
		{"one\ntwo\nthree", 10, "one\n..."},
		{"ääää", 7, "ä\n..."},
	} {
		got := Lines(test.text, test.most)
		if got != test.want || !utf8.ValidString(got) || len(got) > test.most {
			t.Errorf("%q in %d bytes: %q, want %q", test.text, test.most, got, test.want)
		}
	}
}
