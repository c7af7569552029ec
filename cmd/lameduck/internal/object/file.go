// Package object is Kubernetes objects as trees of fields, each with its place in
// a file. What is missing or of another type than expected is a value too, without
// fields, so that reading an object needs no checks on the way.
package object

import (
	"bytes"
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// File is text that objects are read from.
type File struct {
	Name string // as messages write it
	Data []byte

	lines []int32 // where the lines of Data begin, and its end; nil: not yet known
}

// Line is the text of that line, without its end; "" if there is none. It is not
// safe for concurrent use: the first call finds where the lines begin.
func (f *File) Line(number int) string {
	if f.lines == nil {
		f.lines = make([]int32, 1, bytes.Count(f.Data, []byte("\n"))+2)
		for line := range document.Lines(f.Data) {
			f.lines = append(f.lines, f.lines[len(f.lines)-1]+int32(len(line)))
		}
	}
	if number < 1 || number >= len(f.lines) {
		return ""
	}
	return string(bytes.TrimRight(f.Data[f.lines[number-1]:f.lines[number]], "\r\n\u0085\u2028\u2029"))
}

// Pos is a place in a file, counted from 1.
type Pos struct{ Line, Column int }

func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }
