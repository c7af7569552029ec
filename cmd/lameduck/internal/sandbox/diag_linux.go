package sandbox

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// diag asks the kernel about the TCP sockets of one network namespace,
// sock_diag(7). In contrast to /proc/net/tcp the kernel looks at listeners only,
// which takes microseconds however many connections there are.
type diag struct {
	mu     sync.Mutex
	netns  *os.File // nil: that of this program
	fd     int      // -1: not yet open
	failed error
	closed bool
}

func newDiag(netns *os.File) *diag { return &diag{netns: netns, fd: -1} }

// acceptQueue adds up the listeners on the port, of IPv4 and IPv6.
func (d *diag) acceptQueue(port int) (q Queue, err error) {
	err = d.each(port, 1<<unix.BPF_TCP_LISTEN, func(s []byte) {
		q.Listens = true
		q.Waiting += int(binary.NativeEndian.Uint32(s[diagQueue:]))
	})
	return q, err
}

// unaccepted are the connections to the port that no process has: they have no
// inode. Those that their client has closed wait like the others.
func (d *diag) unaccepted(port int) (ids []uint64, err error) {
	err = d.each(port, 1<<unix.BPF_TCP_ESTABLISHED|1<<unix.BPF_TCP_CLOSE_WAIT, func(s []byte) {
		if binary.NativeEndian.Uint32(s[diagInode:]) == 0 {
			ids = append(ids, binary.NativeEndian.Uint64(s[diagCookie:]))
		}
	})
	return ids, err
}

// listening are the sockets that listen on any port.
func (d *diag) listening() (found []listener, err error) {
	err = d.each(anyPort, 1<<unix.BPF_TCP_LISTEN, func(s []byte) {
		found = append(found, listener{
			addr:  localAddr(s),
			inode: strconv.FormatUint(uint64(binary.NativeEndian.Uint32(s[diagInode:])), 10),
		})
	})
	return found, err
}

// localAddr is the address of the socket, of IPv4 in the first four of 16 bytes.
func localAddr(s []byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(s[diagLocalPort:])
	raw := s[diagLocalAddr : diagLocalAddr+net.IPv6len]
	if s[0] == unix.AF_INET {
		raw = raw[:net.IPv4len]
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), port)
}

// anyPort asks for the sockets of all local ports.
const anyPort = 0

// each calls visit with every socket, of IPv4 and IPv6, on that local port and
// in one of those states.
func (d *diag) each(port int, states uint32, visit func(socket []byte)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.open(); err != nil {
		return err
	}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		if err := d.ask(diagRequest(family, uint16(port), states), visit); err != nil {
			return err
		}
	}
	return nil
}

// open makes the socket, once. It belongs to the namespace of the thread that
// makes it.
func (d *diag) open() error {
	if d.fd >= 0 || d.failed != nil {
		return d.failed
	}
	if d.closed {
		return errReleased
	}
	made := make(chan error)
	go func() {
		if d.netns != nil {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			if err := unix.Setns(int(d.netns.Fd()), unix.CLONE_NEWNET); err != nil {
				made <- os.NewSyscallError("setns", err)
				return
			}
		}
		made <- d.makeSocket()
	}()
	d.failed = <-made
	return d.failed
}

func (d *diag) makeSocket() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return ErrNoQueue
	}
	d.fd = fd
	return nil
}

func (d *diag) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd >= 0 {
		unix.Close(d.fd)
		d.fd = -1
	}
	d.closed = true
}

// The layout of struct inet_diag_req_v2 and struct inet_diag_msg, linux/inet_diag.h.
// Numbers are in the byte order of the host, ports in that of the network.
const (
	diagLength = unix.SizeofNlMsghdr + 56
	diagStates = unix.SizeofNlMsghdr + 4
	diagPort   = unix.SizeofNlMsghdr + 8

	// In an answer.
	diagLocalPort = 4
	diagLocalAddr = 8
	diagCookie    = 44
	diagQueue     = 56
	diagInode     = 68
	diagAnswer    = 72
)

func diagRequest(family uint8, port uint16, states uint32) []byte {
	request := make([]byte, diagLength)
	binary.NativeEndian.PutUint32(request[0:], diagLength)
	binary.NativeEndian.PutUint16(request[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[unix.SizeofNlMsghdr], request[unix.SizeofNlMsghdr+1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[diagStates:], states)
	binary.BigEndian.PutUint16(request[diagPort:], port)
	return request
}

// ask sends a request and calls visit with each socket of the answer.
func (d *diag) ask(request []byte, visit func(socket []byte)) error {
	if err := unix.Sendto(d.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	answer := make([]byte, 32<<10) // the kernel sends no larger part of an answer
	for {
		n, _, err := unix.Recvfrom(d.fd, answer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		messages, err := syscall.ParseNetlinkMessage(answer[:n])
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		for _, m := range messages {
			switch {
			case m.Header.Type == unix.NLMSG_DONE:
				return nil
			case m.Header.Type == unix.NLMSG_ERROR || len(m.Data) < diagAnswer:
				return ErrNoQueue
			}
			visit(m.Data)
		}
	}
}
