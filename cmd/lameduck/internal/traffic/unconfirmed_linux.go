package traffic

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unconfirmed is how many bytes that were sent the other side has not
// confirmed (tcp(7), SIOCOUTQ); 0 if that cannot be told.
func unconfirmed(nc net.Conn) int {
	socket, ok := nc.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0
	}
	bytes := 0
	_ = raw.Control(func(fd uintptr) { bytes, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return bytes
}
