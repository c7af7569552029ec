package edit

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// source is the text of a document, and where its nodes are in it. Offsets count bytes.
type source struct {
	data    []byte
	first   int                               // number of the first line
	lines   []int                             // offsets of the lines
	newline string                            // that of most lines
	parent  map[*document.Node]*document.Node // of the tree as read
	ends    map[*document.Node]int
}

// byteOrderMark has no column.
const byteOrderMark = "\ufeff"

func newSource(part document.Part) *source {
	s := &source{
		data: part.Text, first: part.Line, lines: []int{0}, newline: "\n",
		parent: map[*document.Node]*document.Node{}, ends: map[*document.Node]int{},
	}
	if bytes.HasPrefix(s.data, []byte(byteOrderMark)) {
		s.lines[0] = len(byteOrderMark)
	}
	at := 0
	for line := range document.Lines(s.data) {
		at += len(line)
		s.lines = append(s.lines, at)
	}
	if bytes.Count(s.data, []byte("\r\n"))*2 > bytes.Count(s.data, []byte("\n")) {
		s.newline = "\r\n"
	}
	return s
}

// index records the parent of each node.
func (s *source) index(nodes []*document.Node) {
	for _, n := range nodes {
		for _, child := range n.Content {
			s.parent[child] = n
		}
		s.index(n.Content)
	}
}

// start is the offset of a node; of its anchor or tag, where it has one.
func (s *source) start(n *document.Node) int {
	line := int(n.Line) - s.first
	if line < 0 || line >= len(s.lines) {
		return len(s.data)
	}
	at := s.lines[line]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(s.data[at:])
		at += size
	}
	return at
}

// content is the offset where the text of a node begins, after its anchor, its tag and the
// space after these.
func (s *source) content(n *document.Node) int {
	at := s.start(n)
	if n.Kind == document.AliasNode || n.Anchor() == "" && n.Style&document.TaggedStyle == 0 {
		return at
	}
	for {
		if at >= len(s.data) || s.data[at] != '&' && s.data[at] != '!' {
			return at
		}
		at = s.word(at)
		if blank := s.skipBlank(at); n.Kind != document.ScalarNode || n.Value != "" || n.Style&quoted != 0 {
			at = blank
		} else if next := s.spaces(at); next < len(s.data) && (s.data[next] == '&' || s.data[next] == '!') {
			at = next
		}
	}
}

const quoted = document.DoubleQuotedStyle | document.SingleQuotedStyle | document.LiteralStyle | document.FoldedStyle

// word is the offset of the next space, or of the next character that ends a value within
// braces.
func (s *source) word(at int) int {
	for at < len(s.data) && !strings.ContainsRune(" \t\r\n,]}", rune(s.data[at])) {
		at++
	}
	return at
}

// spaces is the offset after the spaces at that place.
func (s *source) spaces(at int) int {
	for at < len(s.data) && (s.data[at] == ' ' || s.data[at] == '\t') {
		at++
	}
	return at
}

// skipBlank is the offset after space, line breaks and comments.
func (s *source) skipBlank(at int) int {
	for at < len(s.data) {
		switch n := document.LineBreak(s.data[at:]); {
		case n > 0:
			at += n
		case s.data[at] == ' ' || s.data[at] == '\t':
			at++
		case s.data[at] == '#':
			at = s.lineEnd(at)
		default:
			return at
		}
	}
	return at
}

// lineEnd is the offset of the end of a line, before its line break.
func (s *source) lineEnd(at int) int {
	for at < len(s.data) && document.LineBreak(s.data[at:]) == 0 {
		at++
	}
	return at
}

// nextLine is the offset of the next line, or of the end of the text.
func (s *source) nextLine(at int) int {
	at = s.lineEnd(at)
	return at + document.LineBreak(s.data[at:])
}

// lineStart is the offset of the start of the line that contains at.
func (s *source) lineStart(at int) int {
	i := sort.SearchInts(s.lines, at+1) - 1
	return s.lines[max(i, 0)]
}

// opensLine reports whether nothing but space is before the place in its line.
func (s *source) opensLine(at int) bool { return s.spaces(s.lineStart(at)) >= at }

// column counts the characters before the place in its line.
func (s *source) column(at int) int { return utf8.RuneCount(s.data[s.lineStart(at):at]) }

// end is the offset after a node.
func (s *source) end(n *document.Node) int {
	if at, known := s.ends[n]; known {
		return at
	}
	at := s.findEnd(n)
	s.ends[n] = at
	return at
}

func (s *source) findEnd(n *document.Node) int {
	at := s.content(n)
	switch {
	case n.Kind == document.AliasNode:
		return at + len("*") + len(n.Value)
	case n.Kind == document.ScalarNode:
		return s.scalarEnd(n, at)
	}
	opened := at < len(s.data) && (s.data[at] == '{' || s.data[at] == '[')
	if opened {
		at++
	}
	if len(n.Content) > 0 {
		at = s.end(n.Content[len(n.Content)-1])
	}
	if n.Style&document.FlowStyle == 0 || !opened {
		return at
	}
	for at = s.skipBlank(at); at < len(s.data) && s.data[at] != '}' && s.data[at] != ']'; {
		at = s.skipBlank(at + 1) // a comma, or a colon with nothing after it
	}
	return min(at+1, len(s.data))
}

func (s *source) scalarEnd(n *document.Node, at int) int {
	switch {
	case n.Style&document.DoubleQuotedStyle != 0:
		for at++; at < len(s.data) && s.data[at] != '"'; at++ {
			if s.data[at] == '\\' {
				at++
			}
		}
		return min(at+1, len(s.data))
	case n.Style&document.SingleQuotedStyle != 0:
		for at++; at < len(s.data); at++ {
			if s.data[at] != '\'' {
				continue
			}
			if at+1 == len(s.data) || s.data[at+1] != '\'' {
				return at + 1
			}
			at++
		}
		return len(s.data)
	case n.Style&(document.LiteralStyle|document.FoldedStyle) != 0:
		return s.blockEnd(n, at)
	}
	// A plain text may be folded, but has no other difference from its value.
	for _, b := range []byte(n.Value) {
		if b == ' ' || b == '\t' || b == '\n' {
			continue
		}
		for at < len(s.data) && s.data[at] != b {
			at++
		}
		at++
	}
	return min(at, len(s.data))
}

// blockEnd is the end of a text that began with | or >, before its last line break.
func (s *source) blockEnd(n *document.Node, at int) int {
	header := s.lineEnd(at)
	indent := s.blockIndent(n, string(s.data[at:header]), s.nextLine(at))
	keep := bytes.ContainsRune(s.data[at:s.word(at)], '+')
	end := header
	for line := s.nextLine(at); line < len(s.data); line = s.nextLine(line) {
		text := s.spaces(line)
		blank := text == s.lineEnd(line)
		if !blank && text-line < indent {
			break
		}
		if !blank || keep {
			end = s.lineEnd(line)
		}
	}
	return end
}

// blockIndent is the indentation of the lines of a block of text: that of its first
// line, unless the header has a number, which counts from what is around it.
func (s *source) blockIndent(n *document.Node, header string, line int) int {
	style, _, _ := strings.Cut(header, " ")
	if i := strings.IndexAny(style, "123456789"); i >= 0 {
		return s.indent(s.parent[n]) + int(style[i]-'0')
	}
	for ; line < len(s.data); line = s.nextLine(line) {
		if text := s.spaces(line); text < s.lineEnd(line) {
			return max(text-line, s.indent(s.parent[n])+1)
		}
	}
	return 0
}

// indent is the number of spaces before the entries of a mapping or list of lines.
func (s *source) indent(n *document.Node) int {
	if n == nil {
		return 0
	}
	if n.Kind == document.MappingNode && len(n.Content) > 0 {
		return s.column(s.start(n.Content[0]))
	}
	return s.column(s.content(n))
}
