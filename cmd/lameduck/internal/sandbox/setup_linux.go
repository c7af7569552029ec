package sandbox

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// setUpPod runs in the shim, inside the new namespaces.
func setUpPod(hostname string, ip netip.Addr) error {
	if hostname != "" {
		if err := unix.Sethostname([]byte(hostname)); err != nil {
			return os.NewSyscallError("sethostname", err)
		}
	}
	mountProc()
	return setUpLoopback(ip)
}

// mountProc shows the pod its own processes in /proc. Where the kernel refuses
// (a container with parts of /proc masked) the pod sees those of the host.
func mountProc() {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return // a mount would reach the host
	}
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

// setUpLoopback brings lo up, which gives it 127.0.0.1, and adds the pod's IP
// to it under an alias: set on lo itself it would replace 127.0.0.1.
func setUpLoopback(ip netip.Addr) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if err := ifreq(fd, unix.SIOCSIFFLAGS, "lo", func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return nil
	}); err != nil {
		return err
	}
	for _, set := range []struct {
		request uint
		addr    netip.Addr
	}{
		{unix.SIOCSIFADDR, ip},
		{unix.SIOCSIFNETMASK, netip.AddrFrom4([4]byte{255, 255, 255, 255})},
	} {
		if err := ifreq(fd, set.request, "lo:pod", func(r *unix.Ifreq) error {
			return r.SetInet4Addr(set.addr.AsSlice())
		}); err != nil {
			return err
		}
	}
	return nil
}

func ifreq(fd int, request uint, name string, fill func(*unix.Ifreq) error) error {
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := fill(r); err != nil {
		return fmt.Errorf("address of %s: %w", name, err)
	}
	if err := unix.IoctlIfreq(fd, request, r); err != nil {
		return fmt.Errorf("set up %s: %w", name, err)
	}
	return nil
}
