package edit

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// Change sets, renames or removes one field.
type Change struct {
	// In is the value from which Path leads to the field. It is in the file.
	In object.Value
	// Path are the names of fields; in a list the index of an item, or "-" for a new
	// one after the last. Mappings that are missing on the way are made. No Path is In
	// itself.
	Path []string
	// To is the value to set: an int, bool, string, []string, []Fields or Fields; or an
	// object.Value of the same file, which is written as it is there, with its comments;
	// or a Name. A mapping becomes exactly these Fields; the entries that it has already
	// stay where they are.
	//
	// nil removes the field, with the comment on the lines directly above it, and the
	// mappings on the way that have nothing else.
	To any
}

// Fields are a mapping, in the order in which they are written.
type Fields []Field

// Field is one entry of it.
type Field struct {
	Name string
	To   any
}

// Name gives a field another name. Its value stays as it is.
type Name string
