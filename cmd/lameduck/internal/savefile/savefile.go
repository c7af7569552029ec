// Package savefile writes a file that is there whole or not at all.
package savefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that is being written, under another name beside its place.
type File struct {
	*os.File
	path string
}

// Create begins a file. One of that name stays as it is until Commit. Commit or
// Discard has to be called.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, named(err, path)
	}
	return &File{f, path}, nil
}

// Write writes to the file. The name of the temporary file would only confuse in
// an error.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, named(err, f.path)
}

// named is the error of a file with this path, without the operation.
func named(err error, path string) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", path, p.Err)
	}
	return err
}

// Commit puts the file in its place. After an error nothing is left of it.
func (f *File) Commit() error {
	err := named(errors.Join(f.Chmod(0o644), f.Sync(), f.Close()), f.path)
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// Discard removes what was written.
func (f *File) Discard() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
