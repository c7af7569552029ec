// Package object is Kubernetes objects as trees of fields, each with its place in
// a file. What is missing or of another type than expected is a value too, without
// fields, so that reading an object needs no checks on the way.
package object

import (
	"bytes"
	"fmt"
	"io"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// File is text that objects are read from.
type File struct {
	Name string // as messages write it
	Data []byte // nil after Reading: it is on disk

	lines []int32 // where the lines of Data begin, and its end; nil: not yet known
	disk  onDisk  // what is known of a text that is not in memory
}

// Line is the text of that line, without its end; "" if there is none, or it is too long to be
// shown. It is not safe for concurrent use: the first call finds where the lines begin.
func (f *File) Line(number int) string {
	if f.Data == nil && f.disk.size > 0 {
		return f.disk.line(f.Name, number)
	}
	if f.lines == nil {
		f.lines = make([]int32, 1, bytes.Count(f.Data, []byte("\n"))+2)
		for line := range document.Lines(f.Data) {
			f.lines = append(f.lines, f.lines[len(f.lines)-1]+int32(len(line)))
		}
	}
	if number < 1 || number >= len(f.lines) {
		return ""
	}
	if f.lines[number]-f.lines[number-1] > longestLine {
		return ""
	}
	return withoutEnd(f.Data[f.lines[number-1]:f.lines[number]])
}

// Reading is r, from which the text is read and not kept: what is read can be found later.
func (f *File) Reading(r io.Reader) io.Reader { return f.disk.reading(r) }

// Load reads the text of a file that was not kept, for changes to it. It fails if the file is
// another one now, or has more bytes than that.
func (f *File) Load(most int64) (err error) {
	if f.Data == nil {
		f.Data, err = f.disk.load(f.Name, most)
	}
	return err
}

// Unload ends what Load has begun.
func (f *File) Unload() {
	if f.disk.size > 0 {
		f.Data, f.lines = nil, nil
	}
}

// Pos is a place in a file, counted from 1.
type Pos struct{ Line, Column int }

func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }
