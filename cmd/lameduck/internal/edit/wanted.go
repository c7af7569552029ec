package edit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// wanted is the tree of a document with the changes made. A node that was read from
// the text has an origin; one without is new.
type wanted struct {
	file    *object.File
	origin  map[*document.Node]*document.Node // from a node of this tree to that of the tree as read
	lifted  map[*document.Node]*document.Node // from a new node to one of the tree as read whose text it gets
	instead map[*document.Node]*document.Node // from a new item of a list to the origin of the one before it
	parent  map[*document.Node]*document.Node
	shared  map[*document.Node]bool // an alias is used elsewhere
	emptied []emptied
}

// emptied is a mapping or list that something was removed from, and the value where that
// change began.
type emptied struct{ n, from *document.Node }

func newWanted(f *object.File, before, after []*document.Node) *wanted {
	w := &wanted{
		file: f, origin: map[*document.Node]*document.Node{}, lifted: map[*document.Node]*document.Node{}, instead: map[*document.Node]*document.Node{},
		parent: map[*document.Node]*document.Node{}, shared: map[*document.Node]bool{},
	}
	for i := range after {
		w.read(before[i], after[i])
	}
	return w
}

func (w *wanted) read(before, after *document.Node) {
	w.origin[after] = before
	if after.Kind == document.AliasNode {
		w.shared[after.Alias()] = true
	}
	for i, child := range after.Content {
		w.parent[child] = after
		w.read(before.Content[i], child)
	}
}

// apply makes one change.
func (w *wanted) apply(c Change) error {
	n, err := w.find(c.In)
	if err != nil {
		return err
	}
	from := n
	for i, name := range c.Path {
		last := i == len(c.Path)-1
		if n, err = w.fields(n); err != nil {
			return err
		}
		next, err := w.child(n, name)
		if err != nil {
			return err
		}
		switch {
		case next == nil && c.To == nil:
			return nil
		case next == nil && w.merged(n, name) && !last:
			return w.refuse(n, name+" comes from a merge (<<)")
		case next == nil:
			if _, rename := c.To.(Name); rename {
				return w.refuse(n, "there is no "+name)
			}
			value, err := w.make(fieldsOf(c.Path[i+1:], c.To))
			if err != nil {
				return err
			}
			return w.add(n, name, value)
		case next.Kind == document.AliasNode && !last:
			return w.refuse(next, "*"+next.Value+" stands for a value that is used elsewhere too")
		}
		n = next
	}
	switch to := c.To.(type) {
	case nil:
		return w.remove(n, from)
	case Name:
		return w.rename(n, string(to))
	}
	return w.set(n, c.To)
}

// fieldsOf is a value below names that do not exist yet.
func fieldsOf(path []string, to any) any {
	for _, name := range slices.Backward(path) {
		to = Fields{{name, to}}
	}
	return to
}

// find is the node of this tree for a value of the file.
func (w *wanted) find(v object.Value) (*document.Node, error) {
	want := v.Node()
	if want == nil {
		return nil, refuse(w.file, nil, "the changed object is not in the file")
	}
	var found *document.Node
	for n, o := range w.origin {
		if o.Line == want.Line && o.Column == want.Column && o.Kind == want.Kind && o.Value == want.Value {
			if found != nil {
				return nil, refuse(w.file, want, "two values are at this position")
			}
			found = n
		}
	}
	if found == nil {
		return nil, refuse(w.file, want, "the value is not in the file")
	}
	return found, nil
}

// fields is n if it may get fields: a mapping or a list. What is empty becomes
// a mapping.
func (w *wanted) fields(n *document.Node) (*document.Node, error) {
	above := w.parent[n]
	empty := n.Kind == document.ScalarNode && n.ShortTag() == "!!null"
	braces := n.Kind == document.MappingNode && len(n.Content) == 0 && above != nil && above.Style&document.FlowStyle == 0 && w.origin[n] != nil
	switch {
	case empty || braces:
		return w.replace(n, document.NewNode(document.MappingNode, "!!map", ""))
	case n.Kind == document.MappingNode, n.Kind == document.SequenceNode:
		return n, nil
	case n.Kind == document.AliasNode:
		return nil, w.refuse(n, "*"+n.Value+" stands for a value that is used elsewhere too")
	}
	return nil, w.refuse(n, "the value has no fields")
}

// child is the value of that name, nil if there is none.
func (w *wanted) child(n *document.Node, name string) (*document.Node, error) {
	if n.Kind == document.MappingNode {
		if i := entry(n, name); i >= 0 {
			return n.Content[i+1], nil
		}
		return nil, nil
	}
	if name == "-" {
		return nil, nil
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(n.Content) {
		return nil, w.refuse(n, "the list has no item "+document.Display(name))
	}
	return n.Content[i], nil
}

// entry is the index of a key in a mapping, -1 if it has none of its own.
func entry(mapping *document.Node, name string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if key := document.Deref(mapping.Content[i]); key.Value == name && !document.IsMerge(key) {
			return i
		}
	}
	return -1
}

// merged reports whether a mapping has a field by << only.
func (w *wanted) merged(n *document.Node, name string) bool {
	return n.Kind == document.MappingNode && slices.ContainsFunc(document.Fields(n), func(f document.Field) bool { return f.Key.Value == name })
}

// add adds a field to a mapping, or an item to a list.
func (w *wanted) add(n *document.Node, name string, value *document.Node) error {
	if err := w.mayChange(n); err != nil {
		return err
	}
	if n.Kind == document.MappingNode {
		key := document.NewNode(document.ScalarNode, "!!str", name)
		w.parent[key] = n
		n.Content = append(n.Content, key)
	}
	w.parent[value] = n
	n.Content = append(n.Content, value)
	return nil
}

// set puts another value in the place of n. Within lists and mappings it changes only what
// differs.
func (w *wanted) set(n *document.Node, to any) error {
	switch to := to.(type) {
	case Fields:
		if n.Kind == document.MappingNode && len(n.Content) > 0 && len(to) > 0 {
			return w.setFields(n, to)
		}
	case []string:
		if n.Kind == document.SequenceNode && len(n.Content) > 0 && len(to) > 0 {
			return w.setItems(n, to)
		}
	}
	value, err := w.make(to)
	if err != nil {
		return err
	}
	if quotes := value.ShortTag() == "!!str" && n.Style == 0 && notPlain[strings.ToLower(n.Value)]; same(n, value) && !quotes {
		return nil
	}
	_, err = w.replace(n, value)
	return err
}

func (w *wanted) setFields(n *document.Node, to Fields) error {
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		key := document.Deref(n.Content[i])
		if !slices.ContainsFunc(to, func(f Field) bool { return f.Name == key.Value }) {
			if err := w.remove(n.Content[i+1], n); err != nil {
				return err
			}
		}
	}
	for _, f := range to {
		if i := entry(n, f.Name); i >= 0 {
			if err := w.set(n.Content[i+1], f.To); err != nil {
				return err
			}
			continue
		}
		value, err := w.make(f.To)
		if err == nil {
			err = w.add(n, f.Name, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *wanted) setItems(n *document.Node, to []string) error {
	for i := len(n.Content) - 1; i >= len(to); i-- {
		if err := w.remove(n.Content[i], n); err != nil {
			return err
		}
	}
	for i, text := range to {
		var err error
		if i < len(n.Content) {
			err = w.set(n.Content[i], text)
		} else {
			err = w.add(n, "-", textNode(text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replace puts value at the place of n.
func (w *wanted) replace(n, value *document.Node) (*document.Node, error) {
	above := w.parent[n]
	if above == nil {
		return nil, w.refuse(n, "the value is the whole document")
	}
	if err := w.mayRemove(n); err != nil {
		return nil, err
	}
	i := slices.Index(above.Content, n)
	if i < 0 {
		return nil, w.refuse(n, "another change has replaced it")
	}
	above.Content[i] = value
	if above.Kind == document.SequenceNode {
		w.instead[value] = w.origin[n]
		if w.origin[n] == nil {
			w.instead[value] = w.instead[n]
		}
	}
	w.parent[value] = above
	return value, nil
}

// remove takes the field or item of n away. from is where the change began.
func (w *wanted) remove(n, from *document.Node) error {
	above := w.parent[n]
	if above == nil {
		return w.refuse(n, "the value is the whole document")
	}
	if err := w.mayRemove(n); err != nil {
		return err
	}
	i := slices.Index(above.Content, n)
	if above.Kind == document.MappingNode {
		if err := w.mayRemove(above.Content[i-1]); err != nil {
			return err
		}
		above.Content = slices.Delete(above.Content, i-1, i)
		i--
	}
	above.Content = slices.Delete(above.Content, i, i+1)
	w.emptied = append(w.emptied, emptied{above, from})
	return nil
}

func (w *wanted) rename(n *document.Node, name string) error {
	above := w.parent[n]
	if above == nil || above.Kind != document.MappingNode {
		return w.refuse(n, "the value has no name")
	}
	if entry(above, name) >= 0 {
		return w.refuse(n, "the mapping already has "+name)
	}
	if err := w.mayChange(above); err != nil {
		return err
	}
	key := above.Content[slices.Index(above.Content, n)-1]
	if key.Kind != document.ScalarNode || key.Anchor() != "" {
		return w.refuse(n, "the name is an anchor or an alias")
	}
	key.Value = name
	return nil
}

// removeEmpty removes the mappings that the changes have left empty, up to where the
// change began; that one becomes {}.
func (w *wanted) removeEmpty() {
	for _, e := range w.emptied {
		n := e.n
		for len(n.Content) == 0 && n != e.from && w.parent[n] != nil {
			above := w.parent[n]
			i := slices.Index(above.Content, n)
			if i < 0 {
				break // gone by another change
			}
			if above.Kind == document.MappingNode {
				i--
				above.Content = slices.Delete(above.Content, i, i+1)
			}
			above.Content = slices.Delete(above.Content, i, i+1)
			n = above
		}
		if above := w.parent[n]; len(n.Content) == 0 && above != nil && w.origin[n] != nil {
			if i := slices.Index(above.Content, n); i >= 0 {
				value := document.NewNode(n.Kind, n.ShortTag(), "")
				value.Style = document.FlowStyle
				above.Content[i] = value
				w.instead[value] = w.origin[n]
				w.parent[value] = above
			}
		}
	}
}

// mayChange refuses a change within what is used elsewhere.
func (w *wanted) mayChange(n *document.Node) error {
	for at := n; at != nil; at = w.parent[at] {
		if w.shared[at] {
			return w.refuse(n, "&"+at.Anchor()+" is used elsewhere too")
		}
	}
	return nil
}

// mayRemove also refuses to remove an anchor that is used elsewhere.
func (w *wanted) mayRemove(n *document.Node) error {
	if err := w.mayChange(n); err != nil {
		return err
	}
	for _, child := range n.Content {
		if w.shared[child] {
			return w.refuse(child, "&"+child.Anchor()+" is used elsewhere too")
		}
		if err := w.mayRemove(child); err != nil {
			return err
		}
	}
	return nil
}

// make is the node of a new value.
func (w *wanted) make(to any) (*document.Node, error) {
	switch to := to.(type) {
	case int:
		return document.NewNode(document.ScalarNode, "!!int", strconv.Itoa(to)), nil
	case bool:
		return document.NewNode(document.ScalarNode, "!!bool", strconv.FormatBool(to)), nil
	case string:
		return textNode(to), nil
	case object.Value:
		n, err := w.find(to)
		if err != nil {
			return nil, err
		}
		lifted := clone(w.origin[n])
		w.lifted[lifted] = w.origin[n]
		return lifted, nil
	case []string:
		n := document.NewNode(document.SequenceNode, "!!seq", "")
		n.Style = document.FlowStyle
		for _, text := range to {
			n.Content = append(n.Content, textNode(text))
		}
		return n, nil
	case []Fields:
		n := document.NewNode(document.SequenceNode, "!!seq", "")
		for _, item := range to {
			child, err := w.make(item)
			if err != nil {
				return nil, err
			}
			w.parent[child] = n
			n.Content = append(n.Content, child)
		}
		return n, nil
	case Fields:
		n := document.NewNode(document.MappingNode, "!!map", "")
		for _, f := range to {
			child, err := w.make(f.To)
			if err != nil {
				return nil, err
			}
			w.parent[child] = n
			n.Content = append(n.Content, document.NewNode(document.ScalarNode, "!!str", f.Name), child)
		}
		return n, nil
	}
	return nil, refuse(w.file, nil, fmt.Sprintf("a value cannot be %T", to))
}

func textNode(text string) *document.Node {
	return document.NewNode(document.ScalarNode, "!!str", text)
}

func (w *wanted) refuse(n *document.Node, why string) error {
	if o := w.origin[n]; o != nil {
		n = o
	}
	return refuse(w.file, n, why)
}

func clone(n *document.Node) *document.Node {
	c := *n
	c.Content = make([]*document.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = clone(child)
	}
	return &c
}

// refuse is the error of a change that is not made.
func refuse(f *object.File, n *document.Node, why string) error {
	line, column := 0, 0
	if n != nil {
		line, column = int(n.Line), int(n.Column)
	}
	return errors.New(document.At(f.Name, line, column, "cannot be changed here: "+why))
}

// same reports whether two trees have the same meaning.
func same(a, b *document.Node) bool {
	return a.Kind == b.Kind && a.Anchor() == b.Anchor() && a.Value == b.Value && a.ShortTag() == b.ShortTag() &&
		slices.EqualFunc(a.Content, b.Content, same)
}

// notPlain are words that are text only in quotes: some parser takes them for a boolean or
// for null. That of Kubernetes reads YAML 1.1, which has more such words than 1.2.
var notPlain = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true, "true": true, "false": true, "null": true}
