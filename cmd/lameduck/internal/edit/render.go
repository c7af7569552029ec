package edit

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// plainText is text that is the same with and without quotes, apart from words that
// some parser takes for a boolean.
var plainText = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./-]*$`)

func plain(text string) bool { return plainText.MatchString(text) && !notPlain[strings.ToLower(text)] }

// styled is text in a style; without one it has quotes where it needs them.
func (p *patch) styled(text string, style document.Style, json bool) string {
	switch {
	case style&document.DoubleQuotedStyle != 0, json && p.isJSON:
		return doubleQuoted(text)
	case style&document.SingleQuotedStyle != 0 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case plain(text):
		return text
	}
	return doubleQuoted(text)
}

func doubleQuoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // no text does that
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// json reports whether what is in n has to be JSON.
func (p *patch) json(n *document.Node) bool { return flow(n) && p.isJSON }

// literal is a text in lines after |, for the place of an old text that was written so. Not
// ok for a text that cannot have the header of the old one.
func (p *patch) literal(old, value *document.Node) (text string, ok bool) {
	body, ends := strings.CutSuffix(value.Value, "\n")
	if old.Style&document.LiteralStyle == 0 || value.Kind != document.ScalarNode || value.ShortTag() != "!!str" || body == "" ||
		ends != strings.HasSuffix(old.Value, "\n") || strings.HasPrefix(body, " ") || strings.HasSuffix(body, "\n") {
		return "", false
	}
	at := p.content(old)
	header := string(p.data[at:p.lineEnd(at)])
	column := p.blockIndent(old, header, p.nextLine(at))
	return header + p.newline + strings.Repeat(" ", column) + p.join(strings.Split(body, "\n"), column), true
}

// inline is a value without a line break: a scalar, a list of texts, what is empty; and
// any other within braces.
func (p *patch) inline(n *document.Node, style document.Style, braces bool) (string, bool) {
	switch {
	case n.Kind == document.ScalarNode && n.ShortTag() == "!!str":
		return p.styled(n.Value, style, braces), true
	case n.Kind == document.ScalarNode:
		return n.Value, true
	case n.Kind == document.AliasNode:
		return "*" + n.Value, true
	case braces, flow(n), len(n.Content) == 0:
		return p.flowText(n, braces && p.isJSON), true
	}
	return "", false
}

// flowText is a mapping or list within braces.
func (p *patch) flowText(n *document.Node, json bool) string {
	texts := strings.Join(p.flowSlots(slots(n), json), p.comma)
	if n.Kind == document.SequenceNode {
		return "[" + texts + "]"
	}
	return "{" + texts + "}"
}

// flowSlots are slots within braces. Items have quotes always, as commands usually do.
func (p *patch) flowSlots(all []slot, json bool) (texts []string) {
	for _, sl := range all {
		style := sl.value.Style
		if sl.key == nil {
			style = document.DoubleQuotedStyle
		}
		text, _ := p.inline(sl.value, style, true)
		if sl.key != nil {
			text = p.styled(sl.key.Value, sl.key.Style, json) + p.colon + text
		}
		texts = append(texts, text)
	}
	return texts
}

// slotLines are new slots in lines, in the style of the last old slot.
func (p *patch) slotLines(in *document.Node, all []slot) (lines []string) {
	old := slots(in)
	last := old[len(old)-1]
	for _, sl := range all {
		if sl.key == nil {
			lines = append(lines, p.itemLines(in, sl.value, last.value.Style)...)
			continue
		}
		sl.key.Style = last.key.Style & (document.DoubleQuotedStyle | document.SingleQuotedStyle)
		lines = append(lines, p.fieldLines(in, sl)...)
	}
	return lines
}

// rendered are the lines of a mapping, of a list or of text.
func (p *patch) rendered(in, n *document.Node) (lines []string) {
	for _, sl := range slots(n) {
		if sl.key == nil {
			lines = append(lines, p.itemLines(in, sl.value, 0)...)
		} else {
			lines = append(lines, p.fieldLines(in, sl)...)
		}
	}
	return lines
}

// itemLines are an item of a list, with its dash.
func (p *patch) itemLines(in, n *document.Node, style document.Style) []string {
	if text, inline := p.inline(n, style, false); inline {
		return []string{"- " + text}
	}
	lines := indented(p.rendered(in, n), 2)
	lines[0] = "- " + lines[0][2:]
	return lines
}

// fieldLines are a field, with its name.
func (p *patch) fieldLines(in *document.Node, sl slot) []string {
	name := p.styled(sl.key.Value, sl.key.Style, false) + ":"
	if o := p.wanted.lifted[sl.value]; o != nil {
		if lines := p.liftedLines(name, o); lines != nil {
			return lines
		}
	}
	if text, inline := p.inline(sl.value, sl.value.Style, false); inline {
		return []string{name + " " + text}
	}
	step := p.step(in)
	if sl.value.Kind == document.SequenceNode {
		step = p.dashes(in)
	}
	return append([]string{name}, indented(p.rendered(in, sl.value), step)...)
}

// liftedLines are a field of the text under another name, with its comments; nil if it is
// not written as a field in lines.
func (p *patch) liftedLines(name string, value *document.Node) []string {
	in := p.parent[value]
	if in == nil {
		return nil
	}
	for _, sl := range slots(in) {
		if sl.value != value || sl.key == nil || flow(in) {
			continue
		}
		colon, err := p.afterColon(sl)
		if err != nil {
			return nil
		}
		end := max(p.end(value), colon)
		if rest := p.spaces(end); rest < len(p.data) && p.data[rest] == '#' {
			end = p.lineEnd(rest)
		}
		from := p.start(sl.key)
		first := sl == slots(in)[0] && p.parent[in] == nil
		column := p.indent(in)
		var lines []string
		if p.opensLine(from) {
			lines = p.unindented(p.data[p.comments(from, first):p.lineStart(from)], column)
		}
		text := p.unindented(append([]byte("x"), p.data[colon:end]...), column)
		text[0] = name + string(p.data[colon:min(p.lineEnd(colon), end)])
		return append(lines, text...)
	}
	return nil
}

// unindented are the lines of text without that many of the spaces they begin with.
func (p *patch) unindented(text []byte, column int) (lines []string) {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		cut := 0
		for cut < column && cut < len(line) && line[cut] == ' ' {
			cut++
		}
		lines = append(lines, line[cut:])
	}
	return lines
}

func indented(lines []string, column int) []string {
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", column) + line
		}
	}
	return lines
}

// step is the indentation of a mapping within a mapping around n, 2 if there is none.
func (p *patch) step(n *document.Node) int { return p.nearest(n, document.MappingNode, 2) }

// dashes is the indentation of a list within a mapping around n; that of step if there is
// none.
func (p *patch) dashes(n *document.Node) int { return p.nearest(n, document.SequenceNode, p.step(n)) }

func (p *patch) nearest(n *document.Node, kind document.Kind, otherwise int) int {
	for at := n; at != nil; at = p.parent[at] {
		if at.Kind != document.MappingNode || !block(at) {
			continue
		}
		for _, sl := range slots(at) {
			if sl.value.Kind == kind && block(sl.value) {
				return p.indent(sl.value) - p.indent(at)
			}
		}
	}
	return otherwise
}
