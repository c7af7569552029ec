package gather

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// maxFile is how large a file may be, in bytes. An object of Kubernetes has less than
// 1.5 MiB, so this is a file of thousands, or none of manifests.
const maxFile = 64 << 20

// openFile reads the file at that path.
func (m *Manifests) openFile(path string) {
	f, err := os.Open(path)
	if err != nil {
		m.unread(path, err)
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxFile {
		m.unread(path, errTooLarge) // without reading it
		return
	}
	m.read(path, f)
}

var errTooLarge = fmt.Errorf("larger than %d MiB, so it is not read", maxFile>>20)

// read reads the objects of one file.
func (m *Manifests) read(name string, from io.Reader) {
	data, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	switch {
	case err != nil:
		m.unread(name, err)
		return
	case len(data) > maxFile:
		m.unread(name, errTooLarge)
		return
	case bytes.IndexByte(data, 0) >= 0:
		line := 1 + bytes.Count(data[:bytes.IndexByte(data, 0)], []byte("\n"))
		m.Unread = append(m.Unread, errors.New(document.At(name, line, 1, "a binary file, and no text")))
		return
	}
	f := &object.File{Name: name, Data: data}
	objects, skipped, errs := object.Read(f)
	m.Files = append(m.Files, f)
	m.Objects = append(m.Objects, objects...)
	m.Skipped = append(m.Skipped, skipped...)
	m.Unread = append(m.Unread, errs...)
}

// unread notes what could not be read. The operation and the path, which the
// message has already, are left out.
func (m *Manifests) unread(name string, err error) {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		err = p.Err
	}
	m.Unread = append(m.Unread, hint.New(fmt.Errorf("%s: %w", name, err), hint.Of(err)))
}
