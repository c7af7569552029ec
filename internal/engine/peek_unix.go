//go:build unix

package engine

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// socketPeeker reads and writes the socket, which Go keeps non-blocking. Its
// closures are made once per connection, so that a call allocates nothing.
type socketPeeker struct {
	nc   net.Conn
	raw  syscall.RawConn
	try  func(fd uintptr) bool
	buf  []byte
	n    int
	err  error
	ask  func(fd uintptr) bool
	out  []byte // what Ask has still to write
	done Asked
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
	g := &socketPeeker{nc: nc, raw: raw}
	g.try = func(fd uintptr) bool {
		g.read(fd)
		return true // although there may have been nothing to read: false would wait for it
	}
	g.ask = func(fd uintptr) bool {
		if len(g.out) == 0 {
			g.read(fd)
			return g.err != syscall.EAGAIN
		}
		return !g.write(fd)
	}
	return g
}

func (g *socketPeeker) read(fd uintptr) {
	for g.err = syscall.EINTR; g.err == syscall.EINTR; {
		g.n, g.err = syscall.Read(int(fd), g.buf)
	}
}

// write writes once. It returns true when the whole request is written.
func (g *socketPeeker) write(fd uintptr) bool {
	n, err := 0, error(syscall.EINTR)
	for err == syscall.EINTR {
		n, err = syscall.Write(int(fd), g.out)
	}
	switch {
	case err == nil:
		g.out = g.out[n:]
	case err != syscall.EAGAIN:
		g.done.WriteErr = os.NewSyscallError("write", err)
	}
	if len(g.out) > 0 {
		return false
	}
	g.done.Sent = time.Now()
	return true
}

func (g *socketPeeker) ReadNow(p []byte) (int, error) {
	g.buf = p
	if err := g.raw.Read(g.try); err != nil {
		return 0, err
	}
	return g.result()
}

// Ask waits in the poller as soon as the request is written. A Read would try the
// socket first, before there can be an answer: that system call is a tenth of what a
// request costs its client. The poller is armed before the write, so it misses no event.
func (g *socketPeeker) Ask(request, answer []byte) Asked {
	g.out, g.buf, g.done, g.n, g.err = request, answer, Asked{}, 0, syscall.EAGAIN
	err := g.raw.Read(g.ask)
	switch {
	case g.done.WriteErr != nil:
	case len(g.out) == 0:
		if g.done.ReadErr = err; err == nil {
			g.done.N, g.done.ReadErr = g.result()
		}
	case err != nil:
		g.done.WriteErr = err
	default: // the socket's buffer is full
		g.done = write(g.nc, g.out)
	}
	return g.done
}

func (g *socketPeeker) result() (int, error) {
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
