package sandbox

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// netns dials from inside a network namespace. A socket belongs to the namespace of the
// thread that made it, whichever thread connects it. So one thread enters the namespace
// and makes sockets, some of them in advance. No thread waits for a dial that hangs: a
// thread for each would be too many for a busy machine.
type netns struct {
	mu      sync.Mutex
	file    *os.File            // nil: released
	sockets map[int]chan socket // by address family; nil: no dial yet
	closed  chan struct{}       // closed when the namespace is released
}

// socket is not yet connected, or err is why there is none.
type socket struct {
	fd  int
	err error
}

// inAdvance is how many sockets wait for a dial.
const inAdvance = 8

func newNetns(file *os.File) *netns {
	return &netns{file: file, sockets: map[int]chan socket{}, closed: make(chan struct{})}
}

func (n *netns) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	fd, err := n.socket(family(to))
	if err != nil {
		return nil, dialError(to, err)
	}
	return connectSocket(ctx, fd, to)
}

func family(to netip.AddrPort) int {
	if to.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func (n *netns) socket(family int) (fd int, err error) {
	sockets, err := n.source(family)
	if err != nil {
		return -1, err
	}
	s, ok := <-sockets
	if !ok {
		return -1, errReleased
	}
	return s.fd, s.err
}

// errReleased is the answer of a namespace that was released.
var errReleased = os.NewSyscallError("connect", unix.ECONNREFUSED)

// source is where sockets come from. The thread behind it starts with the
// first dial.
func (n *netns) source(family int) (<-chan socket, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file == nil {
		return nil, errReleased
	}
	if n.sockets[family] == nil {
		sockets := make(chan socket, inAdvance)
		entered := make(chan error)
		go n.makeSockets(family, sockets, entered)
		if err := <-entered; err != nil {
			return nil, err
		}
		n.sockets[family] = sockets
	}
	return n.sockets[family], nil
}

// makeSockets never unlocks its thread, so both end together.
func (n *netns) makeSockets(family int, sockets chan socket, entered chan<- error) {
	runtime.LockOSThread()
	err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET)
	entered <- os.NewSyscallError("setns", err)
	if err != nil {
		return
	}
	for n.provide(family, sockets) {
	}
	close(sockets)
	for s := range sockets {
		if s.err == nil {
			unix.Close(s.fd)
		}
	}
}

// provide makes one socket and waits until it is taken. It reports false when
// the namespace was released.
func (n *netns) provide(family int, sockets chan<- socket) bool {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	select {
	case sockets <- socket{fd, os.NewSyscallError("socket", err)}:
		return true
	case <-n.closed:
		if err == nil {
			unix.Close(fd)
		}
		return false
	}
}

// close releases the namespace. Dials under way go on.
func (n *netns) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file == nil {
		return
	}
	close(n.closed)
	n.file.Close()
	n.file = nil
}

// overIPv6 is the pod's other address, a unique local one (RFC 4193) that ends
// in that of IPv4.
func overIPv6(ip netip.Addr) netip.Addr {
	v4, v6 := ip.As4(), [16]byte{0: 0xfd}
	copy(v6[12:], v4[:])
	return netip.AddrFrom16(v6)
}
