package sandbox

import (
	"bytes"
	"encoding/binary"
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
	mount(hostname, ip)
	return setUpLoopback(ip)
}

// mount gives the pod folders of its own, its name in /etc/hosts, and shows it its own
// processes in /proc. Where the kernel refuses (a container with parts of /proc masked) the
// pod sees those of the host.
func mount(hostname string, ip netip.Addr) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return // a mount would reach the host
	}
	mountHosts(hostname, ip)
	mountOwnFolders(namedPaths(append(os.Args[shimArgs-1:], os.Environ()...)))
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
	addIPv6(overIPv6(ip))
	return nil
}

// loopback is the index of lo, the first interface of every network namespace.
const loopback = 1

// addIPv6 adds an address to lo, by rtnetlink(7). Where the kernel has no IPv6
// there is none.
func addIPv6(ip netip.Addr) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	message := struct {
		unix.NlMsghdr
		unix.IfAddrmsg
		unix.RtAttr
		Address [16]byte
	}{
		unix.NlMsghdr{Len: unix.SizeofNlMsghdr + unix.SizeofIfAddrmsg + unix.SizeofRtAttr + 16, Type: unix.RTM_NEWADDR, Flags: unix.NLM_F_REQUEST | unix.NLM_F_CREATE | unix.NLM_F_ACK},
		unix.IfAddrmsg{Family: unix.AF_INET6, Prefixlen: 128, Flags: unix.IFA_F_NODAD | unix.IFA_F_PERMANENT, Index: loopback},
		unix.RtAttr{Len: 20, Type: unix.IFA_LOCAL},
		ip.As16(),
	}
	var encoded bytes.Buffer
	if err := binary.Write(&encoded, binary.NativeEndian, message); err != nil {
		return
	}
	if unix.Sendto(fd, encoded.Bytes(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) == nil {
		_, _, _ = unix.Recvfrom(fd, make([]byte, 1024), 0) // the acknowledgement
	}
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
