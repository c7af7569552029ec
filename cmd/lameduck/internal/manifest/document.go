package manifest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// What a file may hold. A Kubernetes object is at most 1.5 MiB in etcd and a
// few dozen levels deep, so a file beyond these bounds is no manifest.
const (
	maxBytes   = 4 << 20
	maxDepth   = 100
	maxAliased = 100_000 // nodes reached through aliases: the "billion laughs" stop here
)

// file is what is being read: the name it has in messages, the first thing
// found wrong in it, and what was read on the way.
type file struct {
	name      string
	err       error
	notes     []string
	positions map[string]Pos
}

// at puts a message behind its place: "deploy.yaml:12:5: message".
func (f *file) at(line, column int, message string) string {
	if line < 1 {
		return f.name + ": " + message
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.name, line, max(column, 1), message)
}

// documents splits data into its YAML documents and makes sure that each is
// safe to walk: bounded, without circles, with plain and unique keys.
func (f *file) documents(data []byte) ([]*yaml.Node, error) {
	if len(data) > maxBytes {
		return nil, hint.New(fmt.Errorf("%s: larger than %d MiB", f.name, maxBytes>>20),
			"give it the Deployment and its Service only")
	}
	limits := loaderlimits.New(loaderlimits.DepthValue(maxDepth))
	loader, err := yaml.NewLoader(strings.NewReader(string(data)), yaml.WithPlugin(limits))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	var docs []*yaml.Node
	for {
		var doc yaml.Node
		if err := loader.Load(&doc); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, f.templated(data, f.syntaxError(err))
		}
		if err := (&inspection{file: f}).walk(&doc, 0, false); err != nil {
			return nil, f.templated(data, err)
		}
		docs = append(docs, doc.Content...)
	}
}

// syntaxError puts the position in front of the error of the YAML library.
func (f *file) syntaxError(err error) error {
	load, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return fmt.Errorf("%s: not YAML: %w", f.name, err)
	}
	mark, message := load.Mark, "not YAML: "+oneLine(load.Message)
	if load.ContextMsg != "" {
		message += " " + oneLine(load.ContextMsg)
	}
	return errors.New(f.at(mark.Line, mark.Column, message))
}

// templated adds a hint to err if data looks like a Helm chart's template.
func (f *file) templated(data []byte, err error) error {
	if !strings.Contains(string(data), "{{") {
		return err
	}
	return hint.New(err, "a template has to be rendered first, as in: helm template CHART | lameduck verify -f - -- COMMAND")
}

// inspection is one walk over a document.
type inspection struct {
	*file
	aliased int
}

func (i *inspection) walk(n *yaml.Node, depth int, aliased bool) error {
	if depth > maxDepth {
		return i.wrong(n, "nested more than %d levels deep", maxDepth)
	}
	if aliased {
		i.aliased++
	}
	if i.aliased > maxAliased {
		return i.wrong(n, "aliases unfold to more than %d values", maxAliased)
	}
	if n.Kind == yaml.AliasNode {
		return i.walk(n.Alias, depth+1, true)
	}
	if n.Kind == yaml.MappingNode {
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

// keys refuses what would make a field ambiguous.
func (i *inspection) keys(mapping *yaml.Node) error {
	seen := make(map[string]int, len(mapping.Content)/2)
	for at := 0; at+1 < len(mapping.Content); at += 2 {
		key := deref(mapping.Content[at])
		if key.Kind != yaml.ScalarNode {
			return i.wrong(mapping.Content[at], "a key has to be plain text")
		}
		if isMerge(key) {
			if err := i.mergeable(mapping.Content[at+1]); err != nil {
				return err
			}
		}
		if line, twice := seen[key.Value]; twice {
			return i.wrong(mapping.Content[at], "duplicate key %s, first on line %d", display(key.Value), line)
		}
		seen[key.Value] = mapping.Content[at].Line
	}
	return nil
}

// mergeable refuses a merge key (<<) with a value that is neither a mapping nor a
// list of them.
func (i *inspection) mergeable(n *yaml.Node) error {
	sources := []*yaml.Node{n}
	if list := deref(n); list.Kind == yaml.SequenceNode {
		sources = list.Content
	}
	for _, source := range sources {
		if deref(source).Kind != yaml.MappingNode {
			return i.wrong(source, "<< merges mappings only")
		}
	}
	return nil
}

func (f *file) wrong(n *yaml.Node, format string, args ...any) error {
	return errors.New(f.at(n.Line, n.Column, fmt.Sprintf(format, args...)))
}

func isMerge(key *yaml.Node) bool { return key.ShortTag() == "!!merge" }

func deref(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias // the parser never makes an alias of an alias
	}
	return n
}
