// Package object is Kubernetes objects as trees of fields, each with its place in
// a file. What is missing or of another type than expected is a value too, without
// fields, so that reading an object needs no checks on the way.
package object

import (
	"bytes"
	"fmt"
)

// File is text that objects are read from.
type File struct {
	Name string // as messages write it
	Data []byte
}

// Line is the text of that line, without its end; "" if there is none.
func (f *File) Line(number int) string {
	rest := f.Data
	for range number - 1 {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return ""
		}
		rest = after
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r")))
}

// Pos is a place in a file, counted from 1.
type Pos struct{ Line, Column int }

func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }
