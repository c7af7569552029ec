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
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	temporary := f.File
	f.File = full
	_, err = f.Write([]byte("x"))
	if !errors.Is(err, syscall.ENOSPC) || err.Error() != path+": no space left on device" {
		t.Errorf("%v", err)
	}
	f.File = temporary
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); !errors.Is(err, fs.ErrClosed) || strings.Contains(err.Error(), temporary.Name()) || !strings.HasPrefix(err.Error(), path) {
		t.Errorf("%v", err)
	}
	_ = full.Close()
}
