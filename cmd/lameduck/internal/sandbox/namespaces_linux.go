package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// podNamespaces are those of a pod. The mount namespace is for a /proc of its
// own; the file system is the host's.
const podNamespaces = unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNS

// namespaces are those of one isolated process.
type namespaces struct {
	hostname string
	ip       netip.Addr
	attr     syscall.SysProcAttr // more of it; only the check for user namespaces has any
	pid      int
	net      *netns
	diag     *diag
	families sync.Map // by port: is it IPv6 that the process listens on?

	joining sync.RWMutex
	pidfd   int // joins the namespaces while the process runs; -1: released
}

func newNamespaces(cfg *Config) (backend, error) {
	if !cfg.IP.Is4() {
		return nil, fmt.Errorf("the IP of a pod must be IPv4, not %q", cfg.IP)
	}
	return &namespaces{hostname: cfg.Hostname, ip: cfg.IP, pidfd: -1}, nil
}

func (n *namespaces) start(cmd *exec.Cmd) error {
	s, err := wrap(cmd, podRole, n.hostname, n.ip.String())
	if err != nil {
		return err
	}
	attr := n.attr
	attr.Cloneflags |= podNamespaces
	attr.Setsid = true // Ctrl-C at the terminal is for us, not for the pods
	attr.PidFD = &n.pidfd
	cmd.SysProcAttr = &attr
	return s.start(cmd, startChild, func() error { return n.hold(cmd.Process.Pid) })
}

// hold takes hold of the network namespace, which then outlives the process:
// dials must be refused after its end, not fail.
func (n *namespaces) hold(pid int) error {
	if n.pidfd < 0 {
		return errors.New("the kernel has no pidfd; Linux 5.8 has what pods need")
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	n.pid, n.net, n.diag = pid, newNetns(f), newDiag(f)
	return nil
}

// dial connects over IPv4, or over IPv6 if only that is accepted. Which of them
// it is, is decided by the first connection that a port accepts.
func (n *namespaces) dial(ctx context.Context, port int) (net.Conn, error) {
	v4, v6 := netip.AddrPortFrom(n.ip, uint16(port)), netip.AddrPortFrom(overIPv6(n.ip), uint16(port))
	if n.overIPv6(port) {
		return n.net.dial(ctx, v6)
	}
	conn, err := n.net.dial(ctx, v4)
	if errors.Is(err, unix.ECONNREFUSED) && n.listensOnIPv6(port) {
		// Refused again, the listener does not accept IPv4: the first time it may not have been there.
		conn, err = n.net.dial(ctx, v4)
		if errors.Is(err, unix.ECONNREFUSED) {
			if conn, again := n.net.dial(ctx, v6); again == nil {
				n.families.LoadOrStore(port, true)
				return conn, nil
			}
		}
	}
	if err == nil {
		n.families.LoadOrStore(port, false)
	}
	return conn, err
}

func (n *namespaces) overIPv6(port int) bool {
	v6, _ := n.families.Load(port)
	return v6 == true
}

// listensOnIPv6 reports whether a port that has accepted no connection yet
// listens on an address of IPv6 alone.
func (n *namespaces) listensOnIPv6(port int) bool {
	if _, decided := n.families.Load(port); decided {
		return false
	}
	v6 := false
	for _, s := range n.listeningSockets() {
		if int(s.addr.Port()) != port || s.addr.Addr().IsLoopback() {
			continue
		}
		if s.addr.Addr().Is4() {
			return false
		}
		v6 = true
	}
	return v6
}

// hook forks from a thread that has joined the namespaces. The goroutine never
// unlocks the thread, so both end together; it waits for the hook because the
// death signal of the hook is sent when its parent thread ends.
func (n *namespaces) hook(cmd *exec.Cmd) error {
	ended := make(chan error)
	go func() {
		runtime.LockOSThread()
		ended <- n.joinAndRun(cmd)
	}()
	return <-ended
}

func (n *namespaces) joinAndRun(cmd *exec.Cmd) error {
	s, err := wrap(cmd, hookRole, "", "")
	if err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if cmd.Dir == "" { // joining a mount namespace leaves the thread in its root
		cmd.Dir, _ = os.Getwd()
	}
	if err := s.start(cmd, n.forkInside, func() error { return nil }); err != nil {
		return err
	}
	return cmd.Wait()
}

func (n *namespaces) forkInside(cmd *exec.Cmd) error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil { // else it may not change its mount namespace
		return os.NewSyscallError("unshare", err)
	}
	if err := n.join(); err != nil {
		return err
	}
	return cmd.Start()
}

func (n *namespaces) join() error {
	n.joining.RLock()
	defer n.joining.RUnlock()
	err := unix.ESRCH
	if n.pidfd >= 0 {
		err, _ = unix.Setns(n.pidfd, podNamespaces).(unix.Errno)
	}
	switch err {
	case 0:
		return nil
	case unix.ESRCH:
		return errEnded
	}
	return os.NewSyscallError("setns", err)
}

// listeningSockets asks the kernel for the listeners alone; where it has no
// sock_diag, /proc has them among all connections of this machine.
func (n *namespaces) listeningSockets() []listener {
	if found, err := n.diag.listening(); err == nil {
		return found
	}
	return listeningSockets(n.pid)
}

func (n *namespaces) listening() []netip.AddrPort {
	var found []netip.AddrPort
	for _, s := range n.listeningSockets() {
		found = append(found, s.addr)
	}
	slices.SortFunc(found, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(a.Port(), b.Port()), a.Addr().Compare(b.Addr()))
	})
	return found
}

func (n *namespaces) listeners(port int) (inodes []string) {
	for _, s := range n.listeningSockets() {
		if int(s.addr.Port()) == port {
			inodes = append(inodes, s.inode)
		}
	}
	return inodes
}

func (n *namespaces) acceptQueue(port int) (Queue, error) { return n.diag.acceptQueue(port) }

func (n *namespaces) unaccepted(port int) ([]uint64, error) { return n.diag.unaccepted(port) }

// clear has nothing to do: all other processes of the namespace ended with
// process 1.
func (n *namespaces) clear(int) {}

func (n *namespaces) release() {
	if n.net != nil {
		n.diag.close()
		n.net.close()
	}
	n.joining.Lock()
	defer n.joining.Unlock()
	if n.pidfd >= 0 {
		unix.Close(n.pidfd)
		n.pidfd = -1
	}
}
