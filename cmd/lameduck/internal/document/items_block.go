package document

import (
	"bytes"
	"errors"
	"io"
)

// blockItems reads the items of a List that is written in lines, up to the end of the document.
// rest is what the List has beside them, and at the line with the field of the items.
func (s *source) blockItems(each func(Part)) (rest []byte, at int, err error) {
	b := block{each: each, indent: none}
	for first := true; ; first = false {
		text, err := s.lines()
		switch {
		case errors.Is(err, io.EOF):
			return b.close()
		case errors.Is(err, ErrTooLarge) && b.at == 0:
			return nil, 0, ErrNoList
		case err != nil:
			return nil, 0, err
		}
		for line := range Lines(text) {
			if !first && beginsDocument(line) {
				return b.close()
			}
			b.line(line, s.line)
			s.pass(len(line))
		}
		switch {
		case len(b.rest) > s.most:
			return nil, 0, ErrNoList
		case len(b.item.Text) > s.most:
			return nil, 0, ErrTooLarge
		}
	}
}

// block is a List that is written in lines.
type block struct {
	each   func(Part)
	rest   []byte // what it has beside the items
	at     int    // the line of "items:", 0 before it
	within bool   // the items
	indent int    // how far they are indented; none before the first
	item   Part   // as far as it is read
}

const none = -1

// line takes the next line.
func (b *block) line(text []byte, number int) {
	trimmed := bytes.TrimLeft(text, " ")
	column, begins := len(text)-len(trimmed), bytes.HasPrefix(trimmed, []byte("- "))
	content := len(bytes.TrimSpace(trimmed)) > 0 && trimmed[0] != '#'
	switch {
	case b.within && begins && (b.indent == none || column == b.indent):
		b.endItem()
		b.indent, b.item.Line = column, number
		b.item.Text = append(b.item.Text, text...)
	case b.within && content && !begins && (b.indent == none || column == 0):
		b.endItem()
		b.within = false
		b.rest = append(b.rest, text...)
	case b.within:
		if b.indent != none {
			b.item.Text = append(b.item.Text, text...)
		}
	default:
		b.rest = append(b.rest, text...)
		if b.at == 0 && column == 0 && bytes.Equal(bytes.TrimSpace(text), []byte("items:")) {
			b.at, b.within = number, true
		}
	}
}

// endItem passes on the item that ends here, if there is one.
func (b *block) endItem() {
	if len(b.item.Text) > 0 {
		b.each(b.item)
		b.item.Text = b.item.Text[:0]
	}
}

func (b *block) close() (rest []byte, at int, err error) {
	b.endItem()
	if b.indent == none {
		return nil, 0, ErrNoList
	}
	return b.rest, b.at, nil
}
