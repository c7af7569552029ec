package document

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// stream is what a Splitter makes of a reader.
func stream(s *Splitter, r io.Reader) (parts []Part) {
	s.Reset(r, 1<<20)
	for {
		part, err := s.Next()
		if err != nil {
			return parts
		}
		part.Text = bytes.Clone(part.Text)
		parts = append(parts, part)
	}
}

func FuzzSplit(f *testing.F) {
	for _, text := range []string{
		"", "a", "---", "---\n", "a\n---\nb\n--- c\n----\n---\t\n", "a\r---\r\n---\r---", "a\u2028---\u2028b\u0085---\u0085", "\n\n---\n\r---\xe2\x80", strings.Repeat("a: b\r\n---\r\n", 20_000),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want := Split(text)
		if joined := join(want); !bytes.Equal(joined, text) {
			t.Errorf("the parts are %q, and not the text", joined)
		}
		line := 1
		for _, part := range want {
			if part.Line != line {
				t.Errorf("a part is on line %d, want %d", part.Line, line)
			}
			for range Lines(part.Text) {
				line++
			}
		}
		var s Splitter
		for name, r := range map[string]io.Reader{"at once": bytes.NewReader(text), "byte by byte": iotest.OneByteReader(bytes.NewReader(text)), "with the end": iotest.DataErrReader(bytes.NewReader(text))} {
			if got := stream(&s, r); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	})
}

func join(parts []Part) (all []byte) {
	for _, part := range parts {
		all = append(all, part.Text...)
	}
	return all
}

// TestSplitIsBounded: an endless document ends with an error, and one that is small is
// returned before it.
func TestSplitIsBounded(t *testing.T) {
	var s Splitter
	s.Reset(io.MultiReader(strings.NewReader("a\n---\n"), endless{}), 1<<20)
	if part, err := s.Next(); err != nil || string(part.Text) != "a\n" {
		t.Fatalf("%q, %v", part.Text, err)
	}
	part, err := s.Next()
	if !errors.Is(err, ErrTooLarge) || part.Line != 2 {
		t.Errorf("line %d, %v", part.Line, err)
	}
	if len(s.data) > 1<<20+2*chunk {
		t.Errorf("%d bytes are held", len(s.data))
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("#"), len(p))), nil }

// TestSplitFails: what comes before an error is returned, and then the error.
func TestSplitFails(t *testing.T) {
	failure := errors.New("unplugged")
	var s Splitter
	s.Reset(io.MultiReader(strings.NewReader("a\n---\nb\n---\n"), iotest.ErrReader(failure)), 1<<20)
	for {
		if _, err := s.Next(); err != nil {
			if !errors.Is(err, failure) {
				t.Error(err)
			}
			return
		}
	}
}
