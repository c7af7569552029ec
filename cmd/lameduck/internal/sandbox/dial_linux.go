package sandbox

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// connectSocket connects a socket that does not block, as package net does
// with its own, and takes it over. The errors are those of a net.Dialer.
func connectSocket(ctx context.Context, fd int, to netip.AddrPort) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "socket") // registers it with the runtime's poller
	defer f.Close()
	err := unix.Connect(fd, sockaddr(to))
	if err == unix.EINPROGRESS || err == unix.EINTR {
		err = awaitConnected(ctx, f)
	}
	if err != nil {
		return nil, dialError(to, err)
	}
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, dialError(to, err)
	}
	return conn, nil
}

func sockaddr(to netip.AddrPort) unix.Sockaddr {
	if to.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
}

// awaitConnected waits until the connection is made or refused, or ctx ends.
func awaitConnected(ctx context.Context, f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := f.SetWriteDeadline(deadline); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })()
	var done bool
	var failed error
	look := func(fd uintptr) bool {
		done, failed = connected(int(fd))
		return done
	}
	err = raw.Write(look)
	if err == nil {
		return failed
	}
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	// The time is over, and there is no other error. If this process itself
	// was late, on a busy machine, that is not the server's fault.
	if err := raw.Control(func(fd uintptr) { look(fd) }); err != nil {
		return err
	}
	if done {
		return failed
	}
	return os.ErrDeadlineExceeded
}

// connected reports whether the attempt to connect is over, and how.
func connected(fd int) (done bool, err error) {
	soError, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && soError != 0 {
		err = syscall.Errno(soError)
	}
	switch err {
	case nil:
		// Not even begun to be answered looks the same as connected.
		_, err := unix.Getpeername(fd)
		return err == nil, nil
	case unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		return false, nil
	}
	return true, err
}

func dialError(to netip.AddrPort, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError("connect", errno)
	}
	return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
}
