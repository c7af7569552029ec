package engine

import (
	"net"
	"syscall"
	"unsafe"
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
	var bytes int32
	_ = raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&bytes))) // SIOCOUTQ by another name
	})
	return int(bytes)
}
