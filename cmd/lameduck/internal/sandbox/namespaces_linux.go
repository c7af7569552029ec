package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// podNamespaces are those of a pod. The mount namespace is for a /proc of its
// own; the file system is the host's.
const podNamespaces = unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNS

// namespaces are the home of an isolated process.
type namespaces struct {
	hostname string
	ip       netip.Addr
	attr     syscall.SysProcAttr // more of it; only the check for user namespaces has any
	pid      int
	net      *netns

	joining sync.RWMutex
	pidfd   int // joins the namespaces while the process runs; -1: released
}

func newNamespaces(cfg *Config) (backend, error) {
	if err := Available(); err != nil {
		return nil, err
	}
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
	n.pid, n.net = pid, newNetns(f)
	return nil
}

func (n *namespaces) dial(ctx context.Context, port int) (net.Conn, error) {
	return n.net.dial(ctx, netip.AddrPortFrom(n.ip, uint16(port)))
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

// clear has nothing to do: all other processes of the namespace ended with
// process 1.
func (n *namespaces) clear(int) {}

func (n *namespaces) release() {
	if n.net != nil {
		n.net.close()
	}
	n.joining.Lock()
	defer n.joining.Unlock()
	if n.pidfd >= 0 {
		unix.Close(n.pidfd)
		n.pidfd = -1
	}
}
