package document

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrNoList is the error of a document that is no List, or not one that can be cut: of YAML,
// one that has a line "items:" and begins each item with "- ", as kubectl writes it.
var ErrNoList = errors.New("no List")

// source is a text that is read piece by piece, and the place that was reached in it.
type source struct {
	r      io.Reader
	most   int    // how many bytes of it are held
	held   []byte // what was read and not passed
	end    error  // why there is nothing more to read
	given  int    // how much of held Read has returned
	passed int64  // how many bytes
	line   int    // where held begins
	shift  int    // how many columns of that line are passed
}

// fill reads some more.
func (s *source) fill() error {
	switch {
	case s.end != nil:
		return s.end
	case len(s.held) > s.most:
		return ErrTooLarge
	}
	s.held = slices.Grow(s.held, chunk)
	n, err := s.r.Read(s.held[len(s.held) : len(s.held)+chunk])
	s.held, s.end = s.held[:len(s.held)+n], err
	return nil
}

// Read returns text that stays held until it is passed.
func (s *source) Read(p []byte) (int, error) {
	if s.given == len(s.held) {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.held[s.given:])
	s.given += n
	return n, nil
}

// lines are what is held up to the end of a line, or of the text.
func (s *source) lines() ([]byte, error) {
	for from := 0; ; {
		if n := bytes.IndexByte(s.held[from:], '\n'); n >= 0 {
			return s.held[:from+n+1], nil
		}
		from = len(s.held)
		if err := s.fill(); errors.Is(err, io.EOF) && from > 0 {
			return s.held, nil
		} else if err != nil {
			return nil, err
		}
	}
}

// pass goes on by n bytes, which may be used until the next call of fill.
func (s *source) pass(n int) {
	for text := range Lines(s.held[:n]) {
		if last, _ := utf8.DecodeLastRune(text); strings.ContainsRune("\n\r\u0085\u2028\u2029", last) {
			s.line, s.shift = s.line+1, 0
		} else {
			s.shift += utf8.RuneCount(text)
		}
	}
	s.held, s.given, s.passed = s.held[n:], max(s.given-n, 0), s.passed+int64(n)
}

// passTo goes on to a place that is so many bytes after the start.
func (s *source) passTo(place int64) { s.pass(int(place - s.passed)) }
