package gather

import (
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// kustomized is the place from which a place in the text of a build comes: the field of
// the same path in a patch or, if no patch has it, in the file of the object. A field
// that none of them has comes from the kustomization itself. root is where the paths in
// kustomize's annotation begin.
func (m *Manifests) kustomized(k *kustomization, root string, rendered *object.File, at object.Pos) (Place, bool) {
	whole := Place{filepath.Join(k.folder, k.name), object.Pos{Line: 1, Column: 1}}
	o, path := m.field(rendered, at)
	if o == nil {
		return whole, true
	}
	base, ok := baseOf(o)
	if !ok {
		return whole, true
	}
	from := here(filepath.Join(root, base))
	patches := slices.DeleteFunc(slices.Clone(k.files), func(file string) bool { return file == from || !isManifest(file) })
	best, deepest := whole, 0
	for _, file := range append(patches, from) {
		// A patch may be for several objects, so its name may differ from theirs.
		if pos, depth := m.followPath(path, file, o, file == from); depth > deepest {
			best, deepest = Place{file, pos}, depth
		}
	}
	return best, true
}

// baseOf is the file from which kustomize has made the object.
func baseOf(o *object.Object) (path string, ok bool) {
	var origin struct{ Path, ConfiguredIn string }
	if yaml.Unmarshal([]byte(o.Annotation(originAnnotation).Text()), &origin) != nil {
		return "", false
	}
	return filepath.FromSlash(origin.Path), origin.Path != ""
}

// followPath is where the path leads in a file, for objects of the same kind and, if the
// file has several, of the same name where named is set. depth is how many of its steps
// are there: the place of a missing field is that of the field around it.
func (m *Manifests) followPath(path []step, file string, o *object.Object, named bool) (pos object.Pos, depth int) {
	f, err := m.text(file)
	if err != nil {
		return pos, 0
	}
	nodes, err := document.Read(file, document.Part{Line: 1, Text: f.Data})
	if err != nil {
		return pos, 0
	}
	for _, n := range nodes {
		if field(n, "kind") != o.Kind || named && len(nodes) > 1 && !sameName(n, o) {
			continue
		}
		if at, steps := lookUp(n, path); steps > depth {
			pos, depth = at, steps
		}
	}
	return pos, depth
}

// step is one step of the path to a field: the name of a field, or an item of a list,
// by its name where it has one.
type step struct {
	field, name string
	index       int
}

// field is the object of a text that has something at that place, and the path to it.
func (m *Manifests) field(f *object.File, at object.Pos) (*object.Object, []step) {
	for _, b := range m.builds {
		if b.file != f {
			continue
		}
		i := sort.Search(len(b.objects), func(i int) bool { return b.objects[i].Line > at.Line })
		if i == 0 {
			continue
		}
		o := b.objects[i-1].Object()
		if path, ok := pathTo(o.Node(), at); ok {
			return o, path
		}
	}
	return nil, nil
}

func place(n *document.Node) object.Pos { return object.Pos{Line: int(n.Line), Column: int(n.Column)} }

// pathTo is the path to what is at that place in the tree.
func pathTo(n *document.Node, at object.Pos) ([]step, bool) {
	if int(n.Line) > at.Line {
		return nil, false
	}
	here := place(n) == at
	for i, child := range n.Content {
		var s step
		switch {
		case n.Kind == document.MappingNode && i%2 == 1:
			key := n.Content[i-1]
			s = step{field: key.Value}
			if place(key) == at {
				return []step{s}, true
			}
		case n.Kind == document.SequenceNode:
			s = step{index: i, name: field(child, "name")}
		default:
			continue
		}
		if path, ok := pathTo(child, at); ok {
			return append([]step{s}, path...), true
		}
	}
	return nil, here
}

// lookUp follows a path as far as it goes, and returns the last place, and how many
// steps were found.
func lookUp(n *document.Node, path []step) (at object.Pos, deep int) {
	at = place(n)
	for _, s := range path {
		n = document.Deref(n)
		found := false
		for i, child := range n.Content {
			switch {
			case n.Kind == document.MappingNode && s.field != "" && i%2 == 1 && n.Content[i-1].Value == s.field:
				at = place(n.Content[i-1])
			case n.Kind == document.SequenceNode && s.field == "" && (s.name != "" && field(child, "name") == s.name || s.name == "" && i == s.index):
				at = place(child)
			default:
				continue
			}
			n, found = child, true
			break
		}
		if !found {
			return at, deep
		}
		deep++
	}
	return at, deep
}

// field is the text of a field of a mapping.
func field(n *document.Node, name string) string {
	n = document.Deref(n)
	if n.Kind != document.MappingNode {
		return ""
	}
	for _, f := range document.Fields(n) {
		if f.Key.Value == name {
			return document.Deref(f.Value).Value
		}
	}
	return ""
}

// sameName reports whether the object has the name of the node, which the
// kustomization may have given a prefix and a suffix.
func sameName(n *document.Node, o *object.Object) bool {
	for _, f := range document.Fields(document.Deref(n)) {
		if f.Key.Value == "metadata" {
			name := field(f.Value, "name")
			return name != "" && strings.Contains(o.Name, name)
		}
	}
	return false
}
