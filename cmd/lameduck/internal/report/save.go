package report

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/savefile"
)

// formats are the forms a report can be saved in, by the ending of the name.
var formats = map[string]func(io.Writer, *Report) error{
	".json": JSON,
}

// Savable reports whether Save can write this file: it knows the ending, and
// files can be made in the folder. So what is wrong is found before a trial
// and not after it.
func Savable(path string) error {
	if _, err := format(path); err != nil {
		return err
	}
	f, err := savefile.Create(path)
	if err != nil {
		return unsavable(err)
	}
	return f.Discard()
}

func unsavable(err error) error {
	return hint.New(fmt.Errorf("save report: %w", err), "name a file in a folder that exists and can be written to")
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
		return unsavable(err)
	}
	return nil
}

func replace(path string, write func(io.Writer) error) error {
	f, err := savefile.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}
