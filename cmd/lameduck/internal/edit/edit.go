// Package edit changes fields in the text of a manifest. What it does not change
// stays as it was written: comments, order, quotes, line ends.
package edit

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Apply returns the text of the file with the changes made. It reads the new text again: if
// that does not mean what the old text means with these changes, Apply returns an error of
// one line: "name:line:column: cannot be changed here: ...".
//
// A new field comes after the last one of its mapping, with the same indentation. A value
// that aliases (*name) use in several places is not changed.
func Apply(f *object.File, changes []Change) ([]byte, error) {
	var out bytes.Buffer
	parts := document.Split(f.Data)
	byPart := make([][]Change, len(parts))
	for _, c := range changes {
		n := c.In.Node()
		if n == nil {
			return nil, refuse(f, nil, "the changed object is not in the file")
		}
		i, found := slices.BinarySearchFunc(parts, int(n.Line), func(p document.Part, line int) int { return p.Line - line })
		if !found {
			i--
		}
		if i < 0 {
			return nil, refuse(f, n, "the value is not in the file")
		}
		byPart[i] = append(byPart[i], c)
	}
	for i, part := range parts {
		text, err := applyTo(f, part, byPart[i])
		if err != nil {
			return nil, err
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

// largest is how many bytes a document may have to be changed: it is read several times, and
// that takes memory of about 60 times its size.
const largest = 16 << 20

// applyTo makes the changes of one document.
func applyTo(f *object.File, part document.Part, changes []Change) ([]byte, error) {
	switch {
	case len(changes) == 0:
		return part.Text, nil
	case len(part.Text) > largest:
		return nil, refuse(f, changes[0].In.Node(), fmt.Sprintf("the document is larger than %d MiB", largest>>20))
	}
	before, err := document.Read(f.Name, part)
	if err != nil {
		return nil, err
	}
	after, err := document.Read(f.Name, part)
	if err != nil {
		return nil, err
	}
	w := newWanted(f, before, after)
	for _, c := range changes {
		if err := w.apply(c); err != nil {
			return nil, err
		}
	}
	w.removeEmpty()
	p := newPatch(w, part, before)
	for i := range before {
		if w.origin[after[i]] != before[i] {
			return nil, refuse(f, before[i], "nothing would be left of the document")
		}
		if err := p.value(before[i], after[i]); err != nil {
			return nil, err
		}
	}
	text, err := p.text()
	if err != nil {
		return nil, refuse(f, changes[0].In.Node(), "two changes overlap")
	}
	got, err := document.Read(f.Name, document.Part{Line: part.Line, Text: text})
	if err != nil || !slices.EqualFunc(got, after, same) {
		return nil, refuse(f, changes[0].In.Node(), "the text would no longer mean the same")
	}
	return text, nil
}
