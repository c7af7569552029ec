package trial

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/freeaddr"
)

// A Network is what an example listens on.
type Network string

// The networks of the examples.
const (
	TCP        Network = "tcp"
	UnixSocket Network = "unix"
)

func (n Network) freeAddr(t *testing.T) string {
	t.Helper()
	if n == UnixSocket {
		return filepath.Join(shortDir(t), "s")
	}
	return freeaddr.Take(t)
}

// shortDir is a folder with a short path: that of a socket has 104 bytes on
// some systems, and t.TempDir's is long.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trial")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
