package report

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// formats are the forms a report can be saved in, by the ending of the name.
var formats = map[string]func(io.Writer, *Report) error{
	".json": JSON,
}

// Supported reports whether Save knows the ending of the name, so that a
// wrong one is found before a trial and not after it.
func Supported(path string) error {
	_, err := format(path)
	return err
}

func format(path string) (func(io.Writer, *Report) error, error) {
	ending := strings.ToLower(filepath.Ext(path))
	if write, ok := formats[ending]; ok {
		return write, nil
	}
	err := fmt.Errorf("cannot save a report as %q: the ending %q is not known", path, ending)
	if ending == "" {
		err = fmt.Errorf("cannot save a report as %q: the name has no ending", path)
	}
	return nil, hint.New(err, "the ending chooses the form; known: "+strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
}

// Save writes the report to a file in the form its ending names. The file is
// there whole or not at all: it is written beside its place and then renamed.
func Save(path string, r *Report) error {
	write, err := format(path)
	if err != nil {
		return err
	}
	if err := replace(path, func(w io.Writer) error { return write(w, r) }); err != nil {
		return hint.New(fmt.Errorf("save report: %w", err), "name a file in a folder that exists and can be written to")
	}
	return nil
}

func replace(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
