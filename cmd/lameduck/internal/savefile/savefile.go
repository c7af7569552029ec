// Package savefile writes a file completely or not at all.
package savefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that is being written: without a name where the system can do
// that, so that even a process that is killed leaves nothing; else under another
// name in the same folder.
type File struct {
	*os.File
	path    string
	mode    fs.FileMode
	unnamed bool
}

// Create begins a file, which will have these permissions. One of that name
// stays as it is until Commit. Commit or Discard has to be called.
func Create(path string, mode fs.FileMode) (*File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", path)
	}
	if f := createUnnamed(filepath.Dir(path)); f != nil {
		return &File{f, path, mode, true}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, named(err, path)
	}
	return &File{f, path, mode, false}, nil
}

// Write writes to the file. Its errors have the path that was asked for, because the
// name of the temporary file would only confuse.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, named(err, f.path)
}

// named is err with this path in place of its own, and without the operation.
func named(err error, path string) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", path, p.Err)
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return fmt.Errorf("%s: %w", path, l.Err)
	}
	return err
}

// Commit puts the file in its place. After an error nothing is left of it.
func (f *File) Commit() error {
	err := errors.Join(f.Chmod(f.mode), f.Sync())
	if err == nil && f.unnamed {
		err = f.place()
	}
	err = errors.Join(err, f.Close())
	if f.unnamed {
		return named(err, f.path)
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		err = errors.Join(named(err, f.path), os.Remove(f.Name()))
	}
	return err
}

// place gives the file its name. Where that name is taken, only a rename replaces the
// old file in one step, so the new one has a hidden name for a moment. The hidden name
// is always the same, so that a file that a killed process left there is replaced.
func (f *File) place() error {
	err := link(f.File, f.path)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	hidden := filepath.Join(filepath.Dir(f.path), "."+filepath.Base(f.path)+".new")
	if err := os.Remove(hidden); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := link(f.File, hidden); err != nil {
		return err
	}
	if err := os.Rename(hidden, f.path); err != nil {
		return errors.Join(err, os.Remove(hidden))
	}
	return nil
}

// Discard removes what was written.
func (f *File) Discard() error {
	err := f.Close()
	if !f.unnamed {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
