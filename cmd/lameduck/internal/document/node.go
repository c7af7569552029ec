package document

import (
	"slices"
)

// Field is one entry of a mapping.
type Field struct{ Key, Value *Node }

// Deref is n, or what n is an alias of.
func Deref(n *Node) *Node {
	if n.Kind == AliasNode {
		return n.Alias() // the parser never makes an alias of an alias
	}
	return n
}

// IsMerge reports whether key is <<, which merges other mappings into its own.
func IsMerge(key *Node) bool { return key.ShortTag() == "!!merge" }

// Fields are those of a mapping, then those it merges (<<) and does not override.
func Fields(mapping *Node) []Field {
	var own, merged []Field
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, val := Deref(mapping.Content[i]), mapping.Content[i+1]
		if !IsMerge(key) {
			own = append(own, Field{key, val})
			continue
		}
		sources := []*Node{val}
		if list := Deref(val); list.Kind == SequenceNode {
			sources = list.Content
		}
		for _, source := range sources {
			merged = append(merged, Fields(Deref(source))...)
		}
	}
	if len(merged) == 0 {
		return own
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(append(own, merged...), func(f Field) bool {
		again := seen[f.Key.Value]
		seen[f.Key.Value] = true
		return again
	})
}
