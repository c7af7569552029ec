// Package freeaddr gives addresses to the servers that tests start as
// processes of their own.
package freeaddr

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// ports are taken in turn, below those that the system gives to clients and
// to listeners that ask for any: what waits until a server listens must not
// meet another. Test binaries that run at the same time begin at different
// ones.
var ports atomic.Int32

func init() { ports.Store(int32(os.Getpid() % 300 * 64)) }

// Take returns a loopback address, as in 127.0.0.1:11234, on which nothing
// listens, and which this process has not had before.
func Take(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(11_000+int(ports.Add(1))%20_000))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("of a hundred ports none is free")
	return ""
}
