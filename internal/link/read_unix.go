//go:build unix

package link

import (
	"io"
	"net"
	"syscall"

	"github.com/lameduck-dev/lameduck/internal/look"
)

// readNow reads what the receive queue holds and does not wait: 0 and nil if
// it is empty. The deadline of c may be past. Only of the two types of socket
// it is sure that what the queue holds is what their Read would give.
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
