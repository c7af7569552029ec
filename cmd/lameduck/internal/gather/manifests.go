package gather

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// Manifests is what was found.
type Manifests struct {
	Files   []*object.File
	Objects []*object.Object
	Skipped []object.Skipped
	// Unread are one error for each file, folder or document that could not be read,
	// of one line: "name:line:column: what is wrong".
	Unread []error
}

// File is the file of that name; nil if none was read.
func (m *Manifests) File(name string) *object.File {
	for _, f := range m.Files {
		if f.Name == name {
			return f
		}
	}
	return nil
}
