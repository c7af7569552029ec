// Package edit changes fields in the text of a manifest. What it does not change
// stays as it was written: comments, order, quotes, line ends.
package edit

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// Change sets or removes one field.
type Change struct {
	// In is the mapping, or the list, from which Path leads to the field. It is in the
	// file.
	In object.Value
	// Path are the names of fields. Mappings that are missing on the way are made.
	Path []string
	// To is the value to set: an int, bool, string, []string, or Fields. nil removes
	// the field.
	To any
}

// Fields are a mapping, in the order in which they are written.
type Fields []Field

// Field is one entry of it.
type Field struct {
	Name string
	To   any
}
