//go:build unix

package engine

import (
	"io"
	"net"
	"os"
	"syscall"
)

// socketPeeker reads the socket, which Go keeps non-blocking, once. Its
// closure is made once per connection, so that a peek allocates nothing.
type socketPeeker struct {
	raw syscall.RawConn
	try func(fd uintptr) bool
	buf []byte
	n   int
	err error
}

func newSocketPeeker(nc net.Conn) peeker {
	socket, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	g := &socketPeeker{raw: raw}
	g.try = func(fd uintptr) bool {
		for {
			g.n, g.err = syscall.Read(int(fd), g.buf)
			if g.err != syscall.EINTR {
				return true // even if there was nothing: don't wait
			}
		}
	}
	return g
}

func (g *socketPeeker) ReadNow(p []byte) (int, error) {
	g.buf = p
	if err := g.raw.Read(g.try); err != nil {
		return 0, err
	}
	switch {
	case g.err == syscall.EAGAIN:
		return 0, ErrNothing
	case g.err != nil:
		return 0, os.NewSyscallError("read", g.err)
	case g.n == 0:
		return 0, io.EOF
	}
	return g.n, nil
}
