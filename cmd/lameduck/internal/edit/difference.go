package edit

import (
	"bytes"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// value changes the text of before to that of after. before is the origin of after.
func (p *patch) value(before, after *document.Node) error {
	if before.Kind != document.MappingNode && before.Kind != document.SequenceNode {
		return nil
	}
	c := p.compare(before, after)
	for i, sl := range c.kept {
		if err := p.slot(before, sl, c.after[i]); err != nil {
			return err
		}
	}
	switch {
	case len(c.added) > 0 && len(c.kept) == 0 && len(c.before) > 0:
		return p.replaceAll(before, c)
	case flow(before):
		p.removeFlow(c)
		p.addFlow(before, c)
	default:
		p.removeLines(before, c)
		p.addLines(before, c)
	}
	return nil
}

// changed is how the slots of a mapping or list change.
type changed struct {
	before, added []slot
	kept, after   []slot // the same slot, as it was and as it has to be
	removed       []bool // of before
}

func (p *patch) compare(before, after *document.Node) *changed {
	c := &changed{before: slots(before)}
	c.removed = make([]bool, len(c.before))
	for i := range c.removed {
		c.removed[i] = true
	}
	for _, sl := range slots(after) {
		i := slices.IndexFunc(c.before, func(old slot) bool { return p.same(old, sl) })
		if i < 0 {
			c.added = append(c.added, sl)
			continue
		}
		c.removed[i] = false
		c.kept = append(c.kept, c.before[i])
		c.after = append(c.after, sl)
	}
	return c
}

// same reports whether a slot of the wanted tree is that of the tree as read.
func (p *patch) same(before, after slot) bool {
	if after.key != nil {
		return p.wanted.origin[after.key] == before.key
	}
	return p.wanted.origin[after.value] == before.value || p.wanted.instead[after.value] == before.value
}

// slot changes the name of a slot, and its value.
func (p *patch) slot(in *document.Node, before, after slot) error {
	if before.key != nil && before.key.Value != after.key.Value {
		p.replace(p.content(before.key), p.end(before.key), p.styled(after.key.Value, before.key.Style, flow(in)))
	}
	if p.wanted.origin[after.value] == before.value {
		return p.value(before.value, after.value)
	}
	if before.key == nil || flow(in) {
		return p.newText(in, before, after.value)
	}
	return p.newField(in, before, after.value)
}

// newText writes a value where the old one was: an item, or what is within braces.
func (p *patch) newText(in *document.Node, old slot, value *document.Node) error {
	from, to := p.start(old.value), p.end(old.value)
	text, inline := p.textFor(old.value, value, flow(in))
	if !inline {
		column := p.column(from)
		if p.empty(old.value) {
			column = p.indent(in) + 2
		}
		text = p.join(p.rendered(in, value), column)
	}
	if p.empty(old.value) {
		text = " " + text
		if at := from - 1; old.key != nil && (at < 0 || p.data[p.end(old.key)] != ':') {
			text = ":" + text
		}
	}
	p.replace(from, to, text)
	return nil
}

// textFor is the text of a value, in the style of the one before it.
func (p *patch) textFor(old, value *document.Node, braces bool) (text string, inline bool) {
	if text, ok := p.literal(old, value); ok {
		return text, true
	}
	return p.inline(value, old.Style, braces)
}

// newField writes a value of a field in lines.
func (p *patch) newField(in *document.Node, old slot, value *document.Node) error {
	colon, err := p.afterColon(old)
	if err != nil {
		return p.wanted.refuse(old.key, "it is written with ?")
	}
	start, end := p.start(old.value), p.end(old.value)
	text, inline := p.textFor(old.value, value, false)
	switch {
	case inline && block(old.value):
		to := colon
		if start != p.content(old.value) {
			to = p.lineEnd(colon) // after an anchor or a tag
		}
		p.replace(colon, to, " "+text)
		p.cutLines(p.nextLine(colon), end)
	case inline && p.empty(old.value):
		p.replace(colon, colon, " "+text)
	case inline:
		p.replace(start, end, text)
	case block(old.value):
		p.replace(start, end, p.join(p.rendered(in, value), p.column(start)))
	default:
		if !p.empty(old.value) {
			p.replace(colon, end, "")
		}
		column := p.indent(in) + p.step(in)
		if value.Kind == document.SequenceNode {
			column = p.indent(in) + p.dashes(in)
		}
		p.insertLines(max(end, colon), p.rendered(in, value), column)
	}
	return nil
}

// replaceAll writes new slots in the place of all old ones.
func (p *patch) replaceAll(in *document.Node, c *changed) error {
	from, to := p.begin(in, c.before[0]), p.end(c.before[len(c.before)-1].value)
	if flow(in) {
		p.replace(from, to, strings.Join(p.flowSlots(c.added, p.json(in)), p.comma))
		return nil
	}
	p.replace(from, to, p.join(p.slotLines(in, c.added), p.column(from)))
	return nil
}

// removeLines removes slots in lines: each with its whole lines.
func (p *patch) removeLines(in *document.Node, c *changed) {
	for i := 0; i < len(c.before); i++ {
		if !c.removed[i] {
			continue
		}
		next := i
		for next < len(c.before) && c.removed[next] {
			next++
		}
		from, to := p.begin(in, c.before[i]), p.end(c.before[next-1].value)
		switch {
		case p.opensLine(from):
			p.cutLines(p.comments(from, i == 0 && p.parent[in] == nil), to)
		case next < len(c.before) && p.spaceOnly(p.lineEnd(to), p.begin(in, c.before[next])):
			p.replace(from, p.begin(in, c.before[next]), "") // the next one moves up, after the dash
		default:
			p.replace(from, p.lineEnd(to), "")
		}
		i = next
	}
}

func (p *patch) spaceOnly(from, to int) bool { return len(bytes.TrimSpace(p.data[from:to])) == 0 }

// cutLines removes the lines from the one that starts at from to the one that has to.
// Without a line break after them the one before them goes.
func (p *patch) cutLines(from, to int) {
	next := p.nextLine(to)
	if next == p.lineEnd(to) && from > 0 {
		above := p.lineEnd(p.lineStart(from - 1))
		p.replace(above, next, "")
		return
	}
	p.replace(from, next, "")
}

// addLines writes new slots after the last one.
func (p *patch) addLines(in *document.Node, c *changed) {
	if len(c.added) > 0 {
		column := p.indent(in)
		p.insertLines(p.afterComments(p.end(c.before[len(c.before)-1].value), column), p.slotLines(in, c.added), column)
	}
}

// afterComments is the end of the comment lines directly after a slot that are indented more
// than the slot, and so belong to it; at itself if there are none.
func (p *patch) afterComments(at, column int) int {
	for {
		line := p.nextLine(at)
		text := p.spaces(line)
		if text >= len(p.data) || line == p.lineEnd(at) || p.data[text] != '#' || text-line <= column {
			return at
		}
		at = p.lineEnd(text)
	}
}

// insertLines writes lines after the line that contains at.
func (p *patch) insertLines(at int, lines []string, column int) {
	next := p.nextLine(at)
	text := strings.Repeat(" ", column) + p.join(lines, column)
	if next == p.lineEnd(at) { // the last line of the file, without a line break
		p.replace(next, next, p.newline+text)
		return
	}
	p.replace(next, next, text+p.newline)
}

// removeFlow removes slots within braces, each with a comma.
func (p *patch) removeFlow(c *changed) {
	kept := false
	for i, sl := range c.before {
		first := sl.value
		if sl.key != nil {
			first = sl.key
		}
		switch {
		case !c.removed[i]:
			kept = true
		case kept:
			p.replace(p.end(c.before[i-1].value), p.end(sl.value), "")
		case i+1 < len(c.before):
			next := c.before[i+1]
			if next.key == nil {
				next.key = next.value
			}
			p.replace(p.start(first), p.start(next.key), "")
		default:
			p.replace(p.start(first), p.end(sl.value), "")
		}
	}
}

// addFlow writes new slots within braces, after the last one that stays: on lines of
// their own where that one has one.
func (p *patch) addFlow(in *document.Node, c *changed) {
	if len(c.added) == 0 {
		return
	}
	json := p.json(in)
	texts := p.flowSlots(c.added, json)
	if len(c.before) == 0 {
		open := p.content(in) + 1
		to := open
		if p.spaceOnly(open, p.end(in)-1) {
			to = p.end(in) - 1
		}
		p.replace(open, to, strings.Join(texts, p.comma))
		return
	}
	last := c.kept[len(c.kept)-1]
	first := last.value
	if last.key != nil {
		first = last.key
	}
	comma := p.comma
	if line := p.lineStart(p.start(first)); p.opensLine(p.start(first)) {
		comma = "," + p.newline + string(p.data[line:p.start(first)])
	}
	p.replace(p.end(last.value), p.end(last.value), comma+strings.Join(texts, comma))
}
