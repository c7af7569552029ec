package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/savefile"
)

// runFile is the file of --save; nil without the flag.
type runFile struct{ file *savefile.File }

// createRunFile begins the file, which gets its name only when the run is complete.
func createRunFile(path string) (*runFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := savefile.Create(path, 0o644)
	if err != nil {
		return nil, unwritable("run", err)
	}
	return &runFile{f}, nil
}

// checkRunFile finds what is wrong with the file before a trial and not after
// it.
func checkRunFile(path, report string) error {
	if path != "" && report != "" && filepath.Clean(path) == filepath.Clean(report) {
		return hint.New(errors.New("--save and --report name the same file"), "the run and its report are two files: name two")
	}
	f, err := createRunFile(path)
	if err != nil {
		return err
	}
	return f.end(false)
}

func (f *runFile) writer() io.Writer {
	if f == nil {
		return nil
	}
	return f.file
}

// end puts the file of a complete run in its place, and removes any other.
func (f *runFile) end(complete bool) error {
	switch {
	case f == nil:
		return nil
	case !complete:
		return f.file.Discard()
	}
	return unwritable("run", f.file.Commit())
}

// unwritable explains why a run or a report could not be written; nil if err is
// nil.
func unwritable(what string, err error) error {
	if err == nil {
		return nil
	}
	advice := "name a file in a folder that exists and can be written to until the end of the trial"
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		advice = "free some space, or name a file on another disk"
	}
	return hint.New(fmt.Errorf("save %s: %w", what, err), advice)
}
