package gather

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// source begins the comment of helm that names the template of a document.
const source = "# Source: "

// template is the place in the templates of a chart that a place of the rendered text comes
// from: the line of the same field, or of the nearest field around it that the template has
// itself; else the start of the file.
func (m *Manifests) template(folder string, rendered *object.File, at object.Pos) (Place, bool) {
	name, first := "", at.Line
	for ; first > 0 && name == ""; first-- {
		if path, ok := strings.CutPrefix(rendered.Line(first), source); ok {
			name = path
		}
	}
	_, name, found := strings.Cut(name, "/") // the name of the chart
	if !found {
		return Place{}, false
	}
	place := Place{filepath.Join(folder, filepath.FromSlash(name)), object.Pos{Line: 1, Column: 1}}
	f, err := m.text(place.File)
	if err != nil {
		return Place{}, false
	}
	var lines []string
	last := bytes.Count(rendered.Data, []byte("\n"))
	for n := first + 1; n <= at.Line || n <= last && !strings.HasPrefix(rendered.Line(n), "---"); n++ {
		lines = append(lines, rendered.Line(n))
	}
	wanted := outlineOf(lines)
	if line := sameField(outlineOf(linesOf(f)), wanted, at.Line-first); line != nil {
		place.Pos = object.Pos{Line: line.number, Column: line.indent + 1}
	}
	return place, true
}

func linesOf(f *object.File) (lines []string) {
	for line := range bytes.Lines(f.Data) {
		lines = append(lines, string(line))
	}
	return lines
}

// sameField finds the line of the template for that line of the rendered text.
func sameField(template, rendered []outlined, number int) *outlined {
	for i := slices.IndexFunc(rendered, func(l outlined) bool { return l.number == number }); i >= 0; i = rendered[i].parent {
		same, exact := sources(template, &rendered[i])
		switch {
		case len(exact) == 1:
			return exact[0]
		case len(same) == 1 && (same[0].field != "-" || onlyItem(template, rendered, i)):
			return same[0]
		}
	}
	return nil
}

// sources are the lines of the template that may have become that line, and those with the
// same text.
func sources(template []outlined, rendered *outlined) (same, exact []*outlined) {
	for i := range template {
		l := &template[i]
		written := !strings.Contains(l.text, "{{") // as it is rendered
		switch {
		case l.path != rendered.path || l.kind != "" && rendered.kind != "" && l.kind != rendered.kind:
			continue
		case l.text == rendered.text:
			exact = append(exact, l)
		case written:
			continue
		}
		same = append(same, l)
	}
	return same, exact
}

// onlyItem reports whether all other items of the list are written in the template as they are,
// so that what its one item with a value has become is the i-th.
func onlyItem(template, rendered []outlined, i int) bool {
	for j := range rendered {
		if j == i || rendered[j].parent != rendered[i].parent || rendered[j].field != "-" {
			continue
		}
		if _, exact := sources(template, &rendered[j]); len(exact) == 0 {
			return false
		}
	}
	return true
}

// outlined is a line of YAML that has a field or an item, with its place among the others.
type outlined struct {
	number, indent int
	text           string // without what is left and right of it
	field          string // "-" for an item
	parent         int    // the index of the line of the field or item around it, -1: none
	path           string // the fields from the root to this one
	kind           string // the line that names the kind of its document, as far as that is known there
}

// outlineOf are the lines with a field or an item. What a template computes is left out: a line
// that has only actions, and the actions at the start of one.
func outlineOf(lines []string) (all []outlined) {
	var around []int // the open fields and items, the outermost first
	kind := ""
	for i, line := range lines {
		l := outlined{number: i + 1, parent: -1}
		l.text = strings.TrimLeft(line, " ")
		l.indent = len(line) - len(l.text)
		l.text = strings.TrimSpace(withoutActions(l.text))
		field, _, isField := strings.Cut(l.text, ":")
		l.field = strings.Trim(strings.TrimSpace(field), `"'`)
		isItem := l.text == "-" || strings.HasPrefix(l.text, "- ")
		switch {
		case strings.HasPrefix(l.text, "---"):
			around, kind = nil, ""
			continue
		case l.text == "" || strings.HasPrefix(l.text, "#") || !isField && !isItem:
			continue
		case isItem:
			l.field = "-"
		case l.indent == 0 && l.field == "kind":
			kind = l.text
		}
		for len(around) > 0 && !encloses(all[around[len(around)-1]], l) {
			around = around[:len(around)-1]
		}
		l.path, l.kind = l.field, kind
		if n := len(around); n > 0 {
			l.parent = around[n-1]
			l.path = all[l.parent].path + "/" + l.field
		}
		around = append(around, len(all))
		all = append(all, l)
	}
	return all
}

// encloses reports whether a field or item is around a line that comes after it: the items of a
// list may be as far to the left as its field.
func encloses(a, line outlined) bool {
	return a.indent < line.indent || a.indent == line.indent && line.field == "-" && a.field != "-"
}

// withoutActions leaves out the actions of a template at the start of a text.
func withoutActions(text string) string {
	for strings.HasPrefix(text, "{{") {
		end := strings.Index(text, "}}")
		if end < 0 {
			return ""
		}
		text = strings.TrimLeft(text[end+2:], " ")
	}
	return text
}
