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
		skips, failed := ReadPart(f, part, func(o *Object) { objects = append(objects, o) })
		skipped, errs = append(skipped, skips...), append(errs, failed...)
	}
	return objects, skipped, errs
}

// ReadPart reads the objects of one document of a file, and calls each with every one. Of a
// large List one item at a time is read.
func ReadPart(f *File, part document.Part, each func(*Object)) (skipped []Skipped, errs []error) {
	if len(part.Text) >= largeList {
		if list, items := document.Items(part); isList(list) {
			for _, item := range items {
				skips, failed := readItem(f, item, each)
				skipped, errs = append(skipped, skips...), append(errs, failed...)
			}
			return skipped, errs
		}
	}
	nodes, skipped, errs := read(f, part)
	for _, n := range nodes {
		if why := collect(f, n, each); why != "" {
			skipped = append(skipped, Skipped{f.Name, int(n.Line), why})
		}
	}
	return skipped, errs
}

// largeList is from how many bytes on a List is cut before it is read: to read YAML takes
// memory of about 60 times its size.
const largeList = 1 << 20

// ReadList reads the objects of a document that documents has found too large, if it is a
// List, and calls each with every one: one item at a time is in memory. If err is not nil, the
// objects that it has called each with are none of the file.
func ReadList(f *File, documents *document.Splitter, each func(*Object)) (skipped []Skipped, errs []error, err error) {
	list, err := documents.Items(func(item document.Part) {
		skips, failed := readItem(f, item, each)
		skipped, errs = append(skipped, skips...), append(errs, failed...)
	})
	if err == nil && !isList(list) {
		err = document.ErrNoList
	}
	return skipped, errs, err
}

// isList reports whether a document without its items is a List.
func isList(n *document.Node) bool {
	return n != nil && strings.HasSuffix(Value{node: n}.Get("kind").Text(), "List")
}

// readItem reads the objects of an item of a List.
func readItem(f *File, item document.Part, each func(*Object)) (skipped []Skipped, errs []error) {
	nodes, skipped, errs := read(f, item)
	for _, n := range nodes {
		for _, o := range n.Content {
			collect(f, o, each)
		}
	}
	return skipped, errs
}

// read reads the nodes of a text.
func read(f *File, part document.Part) (nodes []*document.Node, skipped []Skipped, errs []error) {
	nodes, err := document.Read(f.Name, part)
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
	return nodes, skipped, errs
}

// collect calls each with the object n, or with the items of n if n is a List. For a node that
// is no object it returns the reason.
func collect(f *File, n *document.Node, each func(*Object)) (skipped string) {
	v := Value{file: f, node: n}
	if !v.Present() {
		return "" // "---" with nothing after it
	}
	kind, version := v.Get("kind").Text(), v.Get("apiVersion").Text()
	switch {
	case kind == "":
		return "no Kubernetes object: it has no kind"
	case version == "" && !v.Get("metadata").Present():
		return "no Kubernetes object: it has neither apiVersion nor metadata"
	}
	if strings.HasSuffix(kind, "List") && v.Get("items").Present() {
		for _, item := range v.Get("items").Items() {
			collect(f, item.node, each)
		}
		return ""
	}
	each(newObject(v, kind, version))
	return ""
}
