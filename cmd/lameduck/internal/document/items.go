package document

import "bytes"

// Items cuts a List that is written in lines, as kubectl writes it, into its items: each is a
// list of one item, at the column that it has. rest is what the List has beside them. It is not
// ok for any other document, nor for one with an anchor, which another item may refer to.
func Items(part Part) (rest []byte, items []Part, ok bool) {
	const none = -1
	indent, in, from, at, line := none, false, 0, 0, part.Line
	for text := range Lines(part.Text) {
		trimmed := bytes.TrimLeft(text, " ")
		column, begins := len(text)-len(trimmed), bytes.HasPrefix(trimmed, []byte("- "))
		switch {
		case mayAnchor(text):
			return nil, nil, false
		case in && begins && (indent == none || column == indent):
			if indent != none {
				items[len(items)-1].Text = part.Text[from:at]
			}
			indent, from = column, at
			items = append(items, Part{Line: line})
		case in && indent != none && column == 0 && !begins && len(bytes.TrimSpace(text)) > 0 && text[0] != '#':
			items[len(items)-1].Text, in = part.Text[from:at], false
			rest = append(rest, text...)
		case !in:
			rest = append(rest, text...)
			in = indent == none && bytes.Equal(bytes.TrimSpace(text), []byte("items:")) && column == 0
		}
		at += len(text)
		line++
	}
	if in && indent != none {
		items[len(items)-1].Text = part.Text[from:at]
	}
	return rest, items, len(items) > 0
}

// mayAnchor reports whether a line may have an anchor: one with && in a script has none.
func mayAnchor(line []byte) bool {
	if !bytes.Contains(line, []byte("&")) {
		return false
	}
	for _, before := range []string{": &", "- &", ", &", "[&", "{&"} {
		if bytes.Contains(line, []byte(before)) {
			return true
		}
	}
	return bytes.HasPrefix(line, []byte("&")) || bytes.Contains(line, []byte(" !")) // a tag may be before it
}
