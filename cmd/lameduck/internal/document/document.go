// Package document reads YAML and JSON as trees of nodes that are safe to walk.
// Its other functions are for messages about them.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// What a document may hold. A Kubernetes object is a few dozen levels deep, so a
// document beyond these bounds is no manifest.
const (
	maxDepth   = 100
	maxAliased = 100_000 // nodes reached through aliases: the "billion laughs" stop here
)

// At puts a message after its place: "deploy.yaml:12:5: message".
func At(name string, line, column int, message string) string {
	if line < 1 {
		return name + ": " + message
	}
	return fmt.Sprintf("%s:%d:%d: %s", name, line, max(column, 1), message)
}

// Duplicates are the keys that mappings of a document have twice, one line each.
type Duplicates []string

// Error is the first of them.
func (d Duplicates) Error() string { return d[0] }

// Read splits a part of a file into its YAML documents and makes sure that each is safe
// to walk: bounded, without circles, with plain and unique keys. name is what messages
// call the file.
// An error is one line, "name:line:column: what is wrong", and may carry a hint.
// If the error is Duplicates, the documents are returned too: of several keys of
// one name they have the last, as in Kubernetes where it does not refuse the object.
func Read(name string, part Part) ([]*Node, error) {
	r := reader{name, part}
	limits := loaderlimits.New(loaderlimits.DepthValue(maxDepth))
	loader, err := yaml.NewLoader(bytes.NewReader(part.Text), yaml.WithPlugin(limits))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var docs []*Node
	var twice Duplicates
	for {
		var doc yaml.Node
		if err := loader.Load(&doc); errors.Is(err, io.EOF) {
			if len(twice) > 0 {
				return docs, twice
			}
			return docs, nil
		} else if err != nil {
			return nil, r.syntaxError(err)
		}
		i := &inspection{reader: r}
		for _, n := range plant(doc.Content, part) {
			if err := i.walk(n, 1, false); err != nil {
				return nil, err
			}
			docs = append(docs, n)
		}
		twice = append(twice, i.twice...)
	}
}

// Templated reports whether data looks like a template that has to be rendered
// before it is YAML.
func Templated(data []byte) bool { return strings.Contains(string(data), "{{") }

// reader is what is being read.
type reader struct {
	name string
	part Part
}

// syntaxError puts the position in front of the error of the YAML library.
func (r reader) syntaxError(err error) error {
	load, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return fmt.Errorf("%s: not YAML: %w", r.name, err)
	}
	mark, message := load.Mark, "not YAML: "+OneLine(load.Message)
	if load.ContextMsg != "" {
		message += " " + OneLine(load.ContextMsg)
	}
	if strings.Contains(message, "cannot start any token") && r.indentedByTab(mark.Line) {
		message = "not YAML: the line is indented by a tab, where only spaces may be"
	}
	line, column := r.part.place(mark.Line, mark.Column)
	return errors.New(At(r.name, line, column, message))
}

// indentedByTab reports whether a tab is before the text of the line, the first of which
// is 1.
func (r reader) indentedByTab(line int) bool {
	lines := bytes.SplitN(r.part.Text, []byte("\n"), line+1)
	if line < 1 || line > len(lines) {
		return false
	}
	text := bytes.TrimLeft(lines[line-1], " \t")
	return bytes.ContainsRune(lines[line-1][:len(lines[line-1])-len(text)], '\t')
}

// inspection is one walk over a document.
type inspection struct {
	reader
	aliased int
	twice   Duplicates
}

func (i *inspection) walk(n *Node, depth int, aliased bool) error {
	if depth > maxDepth {
		return i.wrong(n, "nested more than %d levels deep", maxDepth)
	}
	if aliased {
		i.aliased++
	}
	if i.aliased > maxAliased {
		return i.wrong(n, "aliases unfold to more than %d values", maxAliased)
	}
	if n.Kind == AliasNode {
		return i.walk(n.Alias(), depth+1, true)
	}
	if n.Kind == MappingNode {
		if err := i.keys(n); err != nil {
			return err
		}
	}
	for _, child := range n.Content {
		if err := i.walk(child, depth+1, aliased); err != nil {
			return err
		}
	}
	return nil
}

// keys refuses keys that are no text, and keeps only the last key of each name.
func (i *inspection) keys(mapping *Node) error {
	seen := make(map[string]int, len(mapping.Content)/2) // the place of each
	for at := 0; at+1 < len(mapping.Content); at += 2 {
		key := Deref(mapping.Content[at])
		if key.Kind != ScalarNode {
			return i.wrong(mapping.Content[at], "a key has to be plain text")
		}
		if IsMerge(key) {
			if err := i.mergeable(mapping.Content[at+1]); err != nil {
				return err
			}
		}
		if first, again := seen[key.Value]; again {
			err := i.wrong(mapping.Content[at], "duplicate key %s, first on line %d", Display(key.Value), mapping.Content[first].Line)
			i.twice = append(i.twice, err.Error())
			mapping.Content[first+1] = nil
		}
		seen[key.Value] = at
	}
	kept := mapping.Content[:0]
	for at := 0; at+1 < len(mapping.Content); at += 2 {
		if mapping.Content[at+1] != nil {
			kept = append(kept, mapping.Content[at], mapping.Content[at+1])
		}
	}
	mapping.Content = kept
	return nil
}

// mergeable refuses a merge key (<<) with a value that is neither a mapping nor a
// list of them.
func (i *inspection) mergeable(n *Node) error {
	sources := []*Node{n}
	if list := Deref(n); list.Kind == SequenceNode {
		sources = list.Content
	}
	for _, source := range sources {
		if Deref(source).Kind != MappingNode {
			return i.wrong(source, "<< merges mappings only")
		}
	}
	return nil
}

func (r reader) wrong(n *Node, format string, args ...any) error {
	return errors.New(At(r.name, int(n.Line), int(n.Column), fmt.Sprintf(format, args...)))
}
