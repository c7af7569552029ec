package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// jsonItems reads the items of a List of JSON, up to its end. rest is what the List has beside
// them, in one line.
func (s *source) jsonItems(each func(Part)) (rest []byte, err error) {
	l := jsonList{Decoder: json.NewDecoder(s), source: s, start: s.passed, each: each}
	err = l.read()
	switch {
	case err == nil && !l.found:
		return nil, ErrNoList
	case err == nil:
		s.passTo(l.start + l.InputOffset())
		return append(l.rest.Bytes(), '}'), nil
	case s.end != nil && !errors.Is(s.end, io.EOF):
		return nil, s.end
	case !l.found:
		return nil, ErrNoList
	case errors.Is(err, ErrTooLarge) || errors.Is(err, ErrNoList):
		return nil, err
	}
	return nil, fmt.Errorf("no JSON after line %d: %w", s.line, err)
}

// jsonList is a List of JSON.
type jsonList struct {
	*json.Decoder
	*source
	start int64 // how much of the source was passed before it
	each  func(Part)
	found bool            // the items
	rest  bytes.Buffer    // what it has beside them
	item  []byte          // memory for the text of one
	value json.RawMessage // and for a value
}

func (l *jsonList) read() error {
	if err := l.expect('{'); err != nil {
		return err
	}
	for before := "{"; l.More(); before = "," {
		key, err := l.Token()
		if err != nil {
			return err
		}
		fmt.Fprintf(&l.rest, "%s%q: ", before, key)
		if key == "items" {
			err = l.items()
			l.rest.WriteString("null")
		} else if err = l.Decode(&l.value); err == nil {
			err = json.Compact(&l.rest, l.value)
		}
		if err != nil {
			return err
		}
	}
	return l.expect('}')
}

// items reads the items, and passes each on as a list of one.
func (l *jsonList) items() error {
	if err := l.expect('['); err != nil || l.found {
		return ErrNoList
	}
	l.found = true
	for l.More() {
		if err := l.Decode(&l.value); err != nil {
			return err
		}
		end := l.start + l.InputOffset()
		l.passTo(end - int64(len(l.value)))
		l.item = append(append(append(l.item[:0], '['), l.value...), ']')
		l.each(Part{Line: l.line, Shift: l.shift - 1, Text: l.item})
		l.passTo(end)
	}
	return l.expect(']')
}

// expect reads a bracket.
func (l *jsonList) expect(bracket json.Delim) error {
	token, err := l.Token()
	if err == nil && token != bracket {
		err = ErrNoList
	}
	return err
}
