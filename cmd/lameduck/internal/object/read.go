package object

import (
	"errors"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// Skipped is a document that the tool does not read: a template that has to be
// rendered first, a patch, values of a chart.
type Skipped struct {
	File string
	Line int
	Why  string
}

// Read reads the objects of a file: YAML or JSON with any number of documents and
// Lists. A document that cannot be read leaves an error of one line,
// "name:line:column: what is wrong", and those after it are read. One with a duplicate
// key leaves an error too, and is read nevertheless.
func Read(f *File) (objects []*Object, skipped []Skipped, errs []error) {
	for _, part := range document.Split(f.Data) {
		more, skips, failed := ReadPart(f, part)
		objects, skipped, errs = append(objects, more...), append(skipped, skips...), append(errs, failed...)
	}
	return objects, skipped, errs
}

// ReadPart reads the objects of one document of a file.
func ReadPart(f *File, part document.Part) (objects []*Object, skipped []Skipped, errs []error) {
	nodes, err := document.Read(f.Name, part.Text, part.Line)
	twice, duplicates := errors.AsType[document.Duplicates](err)
	for _, line := range twice {
		errs = append(errs, errors.New(line))
	}
	switch {
	case err == nil || duplicates:
	case document.Templated(part.Text):
		skipped = append(skipped, Skipped{f.Name, part.Line, "a template that is not rendered"})
	default:
		errs = append(errs, err)
	}
	for _, n := range nodes {
		list, why := collect(f, nil, n)
		objects = append(objects, list...)
		if why != "" {
			skipped = append(skipped, Skipped{f.Name, int(n.Line), why})
		}
	}
	return objects, skipped, errs
}

// collect adds the object n to list, or the items of n if n is a List. A node that
// is no object is skipped, and the reason returned.
func collect(f *File, list []*Object, n *document.Node) (_ []*Object, skipped string) {
	v := Value{file: f, node: n}
	if !v.Present() {
		return list, "" // "---" with nothing after it
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
