//go:build unix

package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	server := filepath.Join(bin, "server")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(server, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, dir, path, want string }{
		{"server", "", bin, server},
		{"server", "", "/nowhere:" + bin, server},
		{"./bin/server", dir, "", server},
		{"../bin/server", bin, "", server},
		{server, "/", "", server},
		{"server", dir, "bin", ""}, // a relative PATH is not followed
		{"server", bin, "/nowhere", ""},
		{"./server", dir, bin, ""},
		{"bin", dir, dir, ""}, // a directory
	}
	for _, test := range tests {
		got, err := lookPath(test.name, test.dir, []string{"PATH=ignored", "PATH=" + test.path})
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("lookPath(%q) in %q = %q, %v, want %q", test.name, test.dir, got, err, test.want)
		}
		if err != nil && hint.Of(err) == "" {
			t.Errorf("%v has no hint", err)
		}
	}
	if _, err := lookPath("server", "", []string{"PATH=/nowhere"}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("error %v, want not found", err)
	}
}
