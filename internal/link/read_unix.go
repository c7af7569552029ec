//go:build unix

package link

import (
	"io"
	"net"
	"syscall"

	"github.com/lameduck-dev/lameduck/internal/look"
)

// readNow reads what the receive queue holds, and does not wait. It returns 0 and nil if
// the queue is empty. It works although the read deadline of c has passed. Read of any
// other type of connection than these two may return something else than the queue holds:
// for those package look is used.
func readNow(c net.Conn, b []byte) (n int, err error) {
	var s syscall.Conn
	switch c := c.(type) {
	case *net.TCPConn:
		s = c
	case *net.UnixConn:
		s = c
	default:
		return look.Read(c, b)
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	var got error
	err = raw.Control(func(fd uintptr) {
		n, got = syscall.Read(int(fd), b)
	})
	switch {
	case err != nil:
		return 0, err
	case got == syscall.EAGAIN || got == syscall.EINTR:
		return 0, nil
	case got != nil:
		return 0, got
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
