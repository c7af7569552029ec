package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// The socket of a process that was killed is no obstacle; that of one
// that runs is left alone.
func TestStaleSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "stale")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")

	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	l, err := listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := listen(path); err == nil {
		t.Error("two processes listen on one path")
	}
}
