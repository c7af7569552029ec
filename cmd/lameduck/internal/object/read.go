package object

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// Skipped is a document that is none of ours to read: a template that has to be
// rendered first, a patch, values of a chart.
type Skipped struct {
	File string
	Line int
	Why  string
}

// Read reads the objects of a file: YAML or JSON with any number of documents and
// Lists. A document that cannot be read does not hide those behind it: its error
// is one line, "name:line:column: what is wrong".
func Read(f *File) (objects []*Object, skipped []Skipped, errs []error) {
	for _, part := range split(f.Data) {
		nodes, err := document.Read(f.Name, part.text, part.line)
		switch {
		case err != nil && document.Templated(part.text):
			skipped = append(skipped, Skipped{f.Name, part.line, "a template that is not rendered"})
		case err != nil:
			errs = append(errs, err)
		}
		for _, n := range nodes {
			list, why := collect(f, nil, n)
			objects = append(objects, list...)
			if why != "" {
				skipped = append(skipped, Skipped{f.Name, n.Line, why})
			}
		}
	}
	return objects, skipped, errs
}

// collect adds the object n to list, or the items of n if n is a List. A node that
// is no object is skipped, and the reason returned.
func collect(f *File, list []*Object, n *yaml.Node) (_ []*Object, skipped string) {
	v := Value{file: f, node: n}
	if !v.Present() {
		return list, "" // "---" with nothing behind it
	}
	kind, version := v.Get("kind").Text(), v.Get("apiVersion").Text()
	if kind == "" || version == "" && !v.Get("metadata").Present() {
		return list, "no Kubernetes object: it has no kind"
	}
	if strings.HasSuffix(kind, "List") && v.Get("items").Present() {
		for _, item := range v.Get("items").Items() {
			list, _ = collect(f, list, item.node)
		}
		return list, ""
	}
	return append(list, newObject(v, kind, version)), ""
}

// part is one document of a file.
type part struct {
	line int // of its first line
	text []byte
}

// split cuts data at the lines that begin a document. YAML allows no such line
// within a document, not even in a block of text.
func split(data []byte) (parts []part) {
	line, start, from := 1, 1, 0
	for at := 0; at < len(data); line++ {
		next := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		if at > from && beginsDocument(data[at:next]) {
			parts = append(parts, part{start, data[from:at]})
			from, start = at, line
		}
		at = next
	}
	if from < len(data) {
		parts = append(parts, part{start, data[from:]})
	}
	return parts
}

func beginsDocument(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("---"))
	return found && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0])))
}
