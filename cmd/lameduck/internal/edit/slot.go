package edit

import (
	"errors"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// slot is an entry of a mapping, or an item of a list, which has no key.
type slot struct{ key, value *document.Node }

func slots(n *document.Node) (all []slot) {
	if n.Kind == document.SequenceNode {
		for _, item := range n.Content {
			all = append(all, slot{value: item})
		}
		return all
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, slot{n.Content[i], n.Content[i+1]})
	}
	return all
}

// flow reports whether n is written with braces, or is within a value that is.
func flow(n *document.Node) bool { return n.Style&document.FlowStyle != 0 }

// block reports whether n is a mapping or list written in lines.
func block(n *document.Node) bool {
	return (n.Kind == document.MappingNode || n.Kind == document.SequenceNode) && !flow(n) && len(n.Content) > 0
}

// begin is the offset of a slot; for an item in lines that of its dash.
func (s *source) begin(in *document.Node, sl slot) int {
	switch {
	case sl.key != nil:
		return s.start(sl.key)
	case flow(in):
		return s.start(sl.value)
	}
	column := s.indent(in)
	start := s.start(sl.value)
	for line := s.lineStart(start); ; line = s.lineStart(line - 1) {
		if dash := line + column; dash <= start && dash < len(s.data) && s.data[dash] == '-' && s.noComment(line, dash) {
			return dash
		}
		if line == 0 {
			return start
		}
	}
}

func (s *source) noComment(from, to int) bool {
	for ; from < to; from++ {
		if s.data[from] == '#' {
			return false
		}
	}
	return true
}

// afterColon is the offset after the colon of a field.
func (s *source) afterColon(sl slot) (int, error) {
	at := s.skipBlank(s.end(sl.key))
	if at >= len(s.data) || s.data[at] != ':' {
		return 0, errNoColon
	}
	return at + 1, nil
}

var errNoColon = errors.New("the field has no colon")

// empty reports whether a value has no text.
func (s *source) empty(n *document.Node) bool {
	return n.Kind == document.ScalarNode && n.Value == "" && n.Style&quoted == 0 && s.start(n) == s.end(n)
}

// comments is the offset of the first of the lines of comment directly above the slot,
// with its indentation; that of the slot's line if there is none. What is above the
// first field of a document is about all of it.
func (s *source) comments(at int, first bool) int {
	line := s.lineStart(at)
	if first {
		return line
	}
	column := at - line
	for line > 0 {
		above := s.lineStart(line - 1)
		if text := s.spaces(above); text-above != column || text >= len(s.data) || s.data[text] != '#' {
			return line
		}
		line = above
	}
	return line
}
