package document

import (
	"bytes"
	"io"
)

// Items cuts a List into its items: each is a list of one item, at the place that it has. list
// is the List without them, nil for any other document, and for YAML with an anchor, which
// another item may refer to.
func Items(part Part) (list *Node, items []Part) {
	if _, json := jsonAt(part.Text); !json && anchored(part.Text) {
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

// anchored reports whether a text may have an anchor: one with && in a script has none.
func anchored(text []byte) bool {
	for line := range Lines(text) {
		if !bytes.Contains(line, []byte("&")) {
			continue
		}
		for _, before := range []string{": &", "- &", ", &", "[&", "{&", " !"} { // a tag may be before it
			if bytes.Contains(line, []byte(before)) {
				return true
			}
		}
		if bytes.HasPrefix(line, []byte("&")) {
			return true
		}
	}
	return false
}
