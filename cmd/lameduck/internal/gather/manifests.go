package gather

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Manifests is what was read.
type Manifests struct {
	Files   []*object.File
	Objects []*object.Packed
	Skipped []object.Skipped
	// Unread are one error for each file, folder or document that could not be read,
	// of one line: "name:line:column: what is wrong". Each has a hint.
	Unread []error

	builds    []*build // texts that a program has made from files
	names     map[string]*object.File
	documents document.Splitter
	packer    object.Packer
}

// build is a text that a program has made from the files of a folder: its objects belong
// together, and to no others.
type build struct {
	file    *object.File
	chart   string // its folder, "" if it is none
	objects []*object.Packed
	origin  func(object.Pos) (Place, bool)

	readValues sync.Once
	values     []string // see chartValues
}

// Place is where something is written.
type Place struct {
	File string
	object.Pos
}

// File is the file of that name; nil if none was read.
func (m *Manifests) File(name string) *object.File { return m.names[name] }

// Built reports whether the text was made from other files, so that it cannot be edited.
func (m *Manifests) Built(f *object.File) bool {
	for _, b := range m.builds {
		if b.file == f {
			return true
		}
	}
	return false
}

// Origin is the place in a file of the user's that a place in a text comes from. In a text
// that no program has made, it is the place itself.
func (m *Manifests) Origin(p Place) Place {
	for _, b := range m.builds {
		if b.file.Name != p.File {
			continue
		}
		if at, ok := b.origin(p.Pos); ok {
			return at
		}
	}
	return p
}

// keep adds a file whose lines may be asked for.
func (m *Manifests) keep(f *object.File) {
	if m.names == nil {
		m.names = map[string]*object.File{}
	}
	m.names[f.Name] = f
}

// skip notes what is not judged.
func (m *Manifests) skip(name string, line int, why string) {
	m.Skipped = append(m.Skipped, object.Skipped{File: name, Line: line, Why: why})
}

// unread notes what could not be read. The operation and the path, which the
// message has already, are left out.
func (m *Manifests) unread(name string, err error) {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	m.Unread = append(m.Unread, hint.New(fmt.Errorf("%s: %w", name, err), hint.Of(err)))
}
