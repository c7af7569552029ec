package lint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/savefile"
)

// Fixed is a file with the changes that findings ask for.
type Fixed struct {
	File *object.File // as it was read
	Text []byte
}

// NotFixed is a finding with a change that cannot be made.
type NotFixed struct {
	Finding
	Err error
}

// maxChanged is how many bytes a file may have for changes: it is in memory several times.
const maxChanged = 64 << 20

// maxRounds bounds how many times the changed files are checked again. No rule undoes the
// change of another one (TestFixAll); should one do so, the bound ends Fix.
const maxRounds = 10

// FixPacked is Fix for objects of which few are unpacked at a time, and few files in memory:
// it calls done with each file that is changed.
func (o Options) FixPacked(objects []*object.Packed, done func(*Fixed)) (left []NotFixed) {
	groups := model.Divide(objects, true)
	for _, group := range groups.All {
		fixed, more := o.fix(groups.Open(group), groups.Around)
		for i := range fixed {
			done(&fixed[i])
		}
		left = append(left, more...)
		for _, p := range group {
			p.File().Unload()
		}
	}
	return left
}

// Fix makes the changes of all findings about the objects, checks the changed files again,
// and repeats that until there is nothing more to change. It writes no file.
func (o Options) Fix(objects []*object.Object) (fixed []Fixed, left []NotFixed) {
	return o.fix(objects, model.Around(objects))
}

func (o Options) fix(objects, around []*object.Object) (fixed []Fixed, left []NotFixed) {
	objects = slices.Clone(objects)
	read := map[string]*object.File{} // the changed files as they were
	var changed []*object.File
	for range maxRounds {
		f := newFixer()
		found := o.judge(objects, around)
		sortFindings(found)
		for _, finding := range found {
			f.fix(finding)
		}
		left = f.left
		if len(f.texts) == 0 {
			break
		}
		for _, file := range f.files {
			if read[file.Name] == nil {
				read[file.Name] = file
				changed = append(changed, file)
			}
			objects = reread(objects, file, f.texts[file])
		}
	}
	now := map[string][]byte{}
	for _, object := range objects {
		now[object.File().Name] = object.File().Data
	}
	for _, file := range changed {
		fixed = append(fixed, Fixed{file, now[file.Name]})
	}
	return fixed, left
}

// reread puts the objects of the new text of a file in the place of the old ones.
func reread(objects []*object.Object, file *object.File, text []byte) []*object.Object {
	again, _, _ := object.Read(&object.File{Name: file.Name, Data: text})
	at := slices.IndexFunc(objects, func(o *object.Object) bool { return o.File() == file })
	objects = slices.DeleteFunc(objects, func(o *object.Object) bool { return o.File() == file })
	return slices.Insert(objects, at, again...)
}

// fixer makes the changes of the findings of one round.
type fixer struct {
	files   []*object.File
	changes map[*object.File][]edit.Change
	texts   map[*object.File][]byte
	places  map[string]bool // that this round has changed
	left    []NotFixed
}

func newFixer() *fixer {
	return &fixer{changes: map[*object.File][]edit.Change{}, texts: map[*object.File][]byte{}, places: map[string]bool{}}
}

// fix makes the changes of one finding: all, or none. If another finding has changed one
// of the places already, they wait for the next round, in which the rule sees the new text.
func (f *fixer) fix(finding Finding) {
	changes := map[*object.File][]edit.Change{}
	for _, c := range finding.Changes {
		if f.places[place(c)] {
			return
		}
		changes[c.In.File()] = append(changes[c.In.File()], c)
	}
	texts := map[*object.File][]byte{}
	for file, more := range changes {
		if err := file.Load(maxChanged); err != nil {
			f.left = append(f.left, NotFixed{finding, fmt.Errorf("%s: %w", file.Name, err)})
			return
		}
		text, err := edit.Apply(file, slices.Concat(f.changes[file], more))
		if err != nil {
			f.left = append(f.left, NotFixed{finding, err})
			return
		}
		if !bytes.Equal(text, file.Data) {
			texts[file] = text
		}
	}
	for _, c := range finding.Changes {
		f.places[place(c)] = true
	}
	for file, text := range texts {
		if f.texts[file] == nil {
			f.files = append(f.files, file)
		}
		f.changes[file] = append(f.changes[file], changes[file]...)
		f.texts[file] = text
	}
}

// place names what a change sets.
func place(c edit.Change) string {
	return fmt.Sprintf("%s:%s:%s", c.In.File().Name, c.In.Pos(), strings.Join(c.Path, "."))
}

// Diff is what was changed, as a unified diff.
func (f *Fixed) Diff() []byte { return diff.Diff(f.File.Name, f.File.Data, f.File.Name, f.Text) }

// Write writes the file, with the permissions that it has. A file that has changed since
// it was read stays as it is, and Write returns an error.
func (f *Fixed) Write() error {
	path, err := filepath.EvalSymlinks(f.File.Name)
	if err != nil {
		return err
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, f.File.Data) {
		return fmt.Errorf("%s: changed while it was checked; nothing is written", f.File.Name)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	out, err := savefile.Create(path, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := out.Write(f.Text); err != nil {
		return errors.Join(err, out.Discard())
	}
	return out.Commit()
}
