package link

import (
	"net"
	"syscall"
)

// queued reports whether a connection waits in the accept queue of l. known is false if
// that cannot be known without accepting it: Accept of any other type of listener than
// these two may return something else than the queue holds.
func queued(l net.Listener) (waits, known bool) {
	var s syscall.Conn
	switch l := l.(type) {
	case *net.TCPListener:
		s = l
	case *net.UnixListener:
		s = l
	default:
		return false, false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false, false
	}
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return false, false
	}
	defer syscall.Close(poll)
	events := []syscall.EpollEvent{{Events: syscall.EPOLLIN}}
	n := 0
	controlled := raw.Control(func(fd uintptr) {
		if err = syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, int(fd), &events[0]); err == nil {
			n, err = syscall.EpollWait(poll, events, 0)
		}
	})
	return n > 0, controlled == nil && err == nil
}
