package trial

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
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
	return FreeAddr(t)
}

// ports are handed out in turn, below those that the system gives to clients.
// Test binaries that run at the same time begin at different ones.
var ports atomic.Int32

func init() { ports.Store(int32(os.Getpid() % 300 * 64)) }

// FreeAddr returns an address of this machine that nobody listens on.
func FreeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(11_000+int(ports.Add(1))%20_000))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no port of a hundred is free")
	return ""
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
