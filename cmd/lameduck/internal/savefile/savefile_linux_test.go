package savefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestErrorsNameTheFile that was asked for, and not the one that is written
// meanwhile.
func TestErrorsNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	f := create(t, path, false)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	unfinished := f.File
	f.File = full
	_, err = f.Write([]byte("x"))
	if !errors.Is(err, syscall.ENOSPC) || err.Error() != path+": no space left on device" {
		t.Errorf("%v", err)
	}
	f.File = unfinished
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); !errors.Is(err, fs.ErrClosed) || strings.Contains(err.Error(), unfinished.Name()) || !strings.HasPrefix(err.Error(), path) {
		t.Errorf("%v", err)
	}
	_ = full.Close()
}

// TestNothingIsLeft: before the file is complete its folder has nothing that a
// killed process would leave.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run")
	if createUnnamed(dir) == nil {
		t.Skip("this filesystem has no files without a name")
	}
	f, err := Create(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("whole")); err != nil {
		t.Fatal(err)
	}
	if left := namesIn(t, dir); len(left) > 0 {
		t.Errorf("left by a process that is killed now: %q", left)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "whole", 0o600)
}

// TestCommit: with and without a name meanwhile, where there is a file already
// and where there is none.
func TestCommit(t *testing.T) {
	for name, unnamed := range map[string]bool{"without a name": true, "with another name": false} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run")
			for _, content := range []string{"first", "second"} {
				f := create(t, path, unnamed)
				if _, err := f.Write([]byte(content)); err != nil {
					t.Fatal(err)
				}
				if err := f.Commit(); err != nil {
					t.Fatal(err)
				}
				expect(t, path, content, 0o644)
			}
			f := create(t, path, unnamed)
			if err := f.Discard(); err != nil {
				t.Error(err)
			}
			expect(t, path, "second", 0o644)
		})
	}
}

// TestCommitReplacesWhatWasLeft by a process that was killed while it replaced
// the file.
func TestCommitReplacesWhatWasLeft(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run")
	for _, name := range []string{path, filepath.Join(dir, ".run.new")} {
		if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := create(t, path, true)
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "", 0o644)
}

// create begins a file in one of the two ways.
func create(t *testing.T, path string, unnamed bool) *File {
	t.Helper()
	if !unnamed {
		f, err := os.CreateTemp(filepath.Dir(path), ".run.*")
		if err != nil {
			t.Fatal(err)
		}
		return &File{f, path, 0o644, false}
	}
	f, err := Create(path, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if !f.unnamed {
		t.Skip("this filesystem has no files without a name")
	}
	return f
}

// expect checks a file, and that there is no other in its folder.
func expect(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("%q, %v, want %q", got, err, content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
		t.Errorf("%v, %v, want %v", info, err, mode)
	}
	if names := namesIn(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("the folder has %q", names)
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}
