package engine

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unacked is how many sent bytes the other side has not acknowledged (tcp(7),
// SIOCOUTQ); 0 if that is not known.
func unacked(nc net.Conn) int {
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
