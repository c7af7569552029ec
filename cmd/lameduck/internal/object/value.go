package object

import (
	"iter"
	"strconv"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// Value is one value of an object. The zero Value is in no file.
type Value struct {
	file   *File
	node   *document.Node // nil: not in the file
	key    *document.Node // its name in the mapping; nil for an item of a list and for a document
	around *document.Node // what has, or would have, the value
}

// Present is false for what is not in the file, and for null.
func (v Value) Present() bool { return v.node != nil && v.node.ShortTag() != "!!null" }

// File is the file that has the value.
func (v Value) File() *File { return v.file }

// Node is the node of the value, nil if it is not in the file. An alias is
// resolved.
func (v Value) Node() *document.Node {
	if v.node == nil {
		return nil
	}
	return document.Deref(v.node)
}

// Key is the node of the value's name, nil if it has none.
func (v Value) Key() *document.Node { return v.key }

// Pos is the place of the name of the value, of the value where it has no name,
// and of what is around it where it is missing. An alias is where it is used.
func (v Value) Pos() Pos {
	for _, n := range []*document.Node{v.key, v.node, v.around} {
		if n != nil {
			return Pos{int(n.Line), int(n.Column)}
		}
	}
	return Pos{}
}

// Get follows the names of fields.
func (v Value) Get(names ...string) Value {
	for _, name := range names {
		v = v.Field(name)
	}
	return v
}

// Field is the field of that name.
func (v Value) Field(name string) Value {
	missing := Value{file: v.file, around: v.place()}
	n := v.Node()
	if n == nil || n.Kind != document.MappingNode {
		return missing
	}
	merges := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := document.Deref(n.Content[i])
		if key.Value == name && !document.IsMerge(key) {
			return Value{file: v.file, node: n.Content[i+1], key: n.Content[i], around: n}
		}
		merges = merges || document.IsMerge(key)
	}
	if !merges {
		return missing
	}
	for _, f := range document.Fields(n) {
		if f.Key.Value == name {
			return Value{file: v.file, node: f.Value, key: f.Key, around: n}
		}
	}
	return missing
}

// place is the node whose place is named in messages about a missing field of v.
func (v Value) place() *document.Node {
	for _, n := range []*document.Node{v.key, v.node, v.around} {
		if n != nil {
			return n
		}
	}
	return nil
}

// Fields are the names and values of a mapping, merged ones last.
func (v Value) Fields() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		n := v.Node()
		if n == nil || n.Kind != document.MappingNode {
			return
		}
		for _, f := range document.Fields(n) {
			if !yield(f.Key.Value, Value{file: v.file, node: f.Value, key: f.Key, around: n}) {
				return
			}
		}
	}
}

// Items are the entries of a list.
func (v Value) Items() []Value {
	n := v.Node()
	if n == nil || n.Kind != document.SequenceNode {
		return nil
	}
	items := make([]Value, len(n.Content))
	for i, item := range n.Content {
		items[i] = Value{file: v.file, node: item, around: n}
	}
	return items
}

// Text is the value as text, whatever scalar it is; "" for a mapping or a list.
func (v Value) Text() string {
	if !v.Present() || v.Node().Kind != document.ScalarNode {
		return ""
	}
	return v.Node().Value
}

// Texts are the entries of a list as texts.
func (v Value) Texts() []string {
	var texts []string
	for _, item := range v.Items() {
		texts = append(texts, item.Text())
	}
	return texts
}

// Int is the value as a whole number; not ok for any other, and for what is
// missing.
func (v Value) Int() (n int, ok bool) {
	if !v.Present() || v.Node().ShortTag() != "!!int" {
		return 0, false
	}
	parsed, err := strconv.ParseInt(v.Node().Value, 0, 64)
	return int(parsed), err == nil
}

// IntOr is the value as a whole number; the number otherwise if the value is none.
func (v Value) IntOr(otherwise int) int {
	if n, ok := v.Int(); ok {
		return n
	}
	return otherwise
}

// True reports whether the value is true.
func (v Value) True() bool {
	return v.Present() && v.Node().ShortTag() == "!!bool" && v.Text() == "true"
}
