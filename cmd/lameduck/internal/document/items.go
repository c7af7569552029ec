package document

import (
	"bytes"
	"io"
	"iter"
	"unicode/utf8"
)

// Items cuts a List into its items: each is a list of one item, at the place that it has. list
// is the List without them, nil for any other document, and for YAML in which an item may
// refer to an anchor of another one.
func Items(part Part) (list *Node, items []Part) {
	if _, json := jsonAt(part.Text); !json && refers(part.Text) {
		return nil, nil
	}
	s := Splitter{data: part.Text, most: len(part.Text), line: part.Line, end: io.EOF}
	list, err := s.Items(func(item Part) {
		item.Text = bytes.Clone(item.Text)
		items = append(items, item)
	})
	if after, _ := s.Next(); err != nil || len(bytes.TrimSpace(after.Text)) > 0 {
		return nil, nil
	}
	return list, items
}

// Items reads the document that Next has found too large, if it is a List. It calls each with
// every item, as the function Items returns them; the text of an item is valid until each
// returns. It holds no more than one item. An item that refers to an anchor of another one
// cannot be read by itself. If the error is not nil, items that were passed to each may be no
// items.
func (s *Splitter) Items(each func(Part)) (list *Node, err error) {
	from := &source{r: s.r, most: s.most, held: s.data[s.from:], end: s.end, line: s.line}
	rest, at := Part{Line: s.line}, 0
	if n, json := jsonAt(from.held); json {
		from.pass(n)
		rest.Line, at = from.line, from.line
		rest.Text, err = from.jsonItems(each)
	} else {
		rest.Text, at, err = from.blockItems(each)
	}
	*s = Splitter{r: from.r, most: s.most, data: from.held, line: from.line, end: from.end}
	if err != nil {
		return nil, err
	}
	nodes, err := Read("", rest)
	if err != nil || len(nodes) != 1 || !emptyAt(nodes[0], at) {
		return nil, ErrNoList
	}
	return nodes[0], nil
}

// emptyAt reports whether the field items, without its items, is on that line: a text of
// several lines may have a line like it.
func emptyAt(list *Node, line int) bool {
	if list.Kind != MappingNode {
		return false
	}
	for i := 0; i+1 < len(list.Content); i += 2 {
		if key := list.Content[i]; key.Value == "items" {
			return int(key.Line) == line && list.Content[i+1].ShortTag() == "!!null"
		}
	}
	return false
}

// jsonAt is where an object of JSON begins in the text of a document, after comments and the
// line that begins the document.
func jsonAt(text []byte) (at int, ok bool) {
	for line := range Lines(text) {
		trimmed := bytes.TrimLeft(line, " \t\r\n")
		if len(trimmed) > 0 && trimmed[0] != '#' && !bytes.HasPrefix(line, []byte("---")) {
			return at + len(line) - len(trimmed), trimmed[0] == '{'
		}
		at += len(line)
	}
	return at, false
}

// refers reports whether a text may have an alias and its anchor: one of them alone is part of
// another text.
func refers(text []byte) bool {
	anchors := map[string]bool{}
	for name := range marked(text, '&') {
		anchors[name] = true
	}
	for name := range marked(text, '*') {
		if anchors[name] {
			return true
		}
	}
	return false
}

// marked are the words after a mark, where an anchor or an alias may be.
func marked(text []byte, mark byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := 0; ; at++ {
			n := bytes.IndexByte(text[at:], mark)
			if n < 0 {
				return
			}
			at += n
			if at > 0 && bytes.IndexByte([]byte(" \t\r\n[{,"), text[at-1]) < 0 && text[at-1] < utf8.RuneSelf {
				continue
			}
			word := text[at+1:]
			if end := bytes.IndexAny(word, " \t\r\n,[]{}"); end >= 0 {
				word = word[:end]
			}
			if word = bytes.TrimRight(word, ":"); len(word) > 0 && !yield(string(word)) {
				return
			}
		}
	}
}
