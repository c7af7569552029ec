// Package freeaddr gives addresses to the servers that tests start as
// processes of their own.
package freeaddr

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Ports are given out in blocks, below those that the system gives to clients
// and to listeners that ask for any. A block belongs to one process until that
// ends: a client that waits until its server listens must not meet the server
// of another test binary, which had found the same port free a moment before.
const (
	firstPort  = 11_000
	blockSize  = 64
	blockCount = 312
	firstLock  = firstPort - blockCount // the UDP port that block 0 is locked by
)

// ports are those of this process.
var ports = blocks{first: os.Getpid() % blockCount}

// Take returns a loopback address, as in 127.0.0.1:11234, on which nothing
// listens, and which neither this process has had before nor another has now.
func Take(t testing.TB) string {
	t.Helper()
	addr, err := ports.take()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// Await waits until a server listens on the address, for ten seconds.
func Await(t testing.TB, addr string) {
	t.Helper()
	for range 1000 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nothing listens on %s", addr)
}

// blocks gives out the ports of one block after the other.
type blocks struct {
	first int // the block to try first

	mu    sync.Mutex
	locks []net.PacketConn // one for each block that was taken
	left  []int            // ports
}

func (b *blocks) take() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if len(b.left) == 0 {
			if err := b.lock(); err != nil {
				return "", err
			}
		}
		addr := loopback(b.left[0])
		b.left = b.left[1:]
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr, nil
		}
	}
}

// lock takes the next block that no process has. A UDP socket is the lock:
// the system allows one on each port, and closes it with the process.
func (b *blocks) lock() error {
	for i := range blockCount {
		block := (b.first + i) % blockCount
		lock, err := net.ListenPacket("udp", loopback(firstLock+block))
		if err != nil {
			continue
		}
		b.locks = append(b.locks, lock)
		for i := range blockSize {
			b.left = append(b.left, firstPort+block*blockSize+i)
		}
		return nil
	}
	return errors.New("no block of ports is free")
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
