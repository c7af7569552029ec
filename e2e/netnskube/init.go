//go:build linux

package netnskube

import (
	"fmt"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// initListener is the file descriptor on which a node's init receives orders of its keeper.
const initListener = 3

// initMain is PID 1 of a node. Its arguments are the node's name and folder, and
// what else of the host's files must stay in sight: the cluster's folder and
// its programs'.
func initMain(args []string) error {
	name, dir, keep := args[0], args[1], args[2:]
	if err := mountOwn(dir, keep); err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return err
	}
	syscall.CloseOnExec(initListener)
	listener, err := net.FileListener(os.NewFile(initListener, "init.sock"))
	if err != nil {
		return err
	}
	s := newSupervisor()
	go s.reap()
	server := rpc.NewServer()
	if err := server.RegisterName("Node", s); err != nil {
		return err
	}
	server.Accept(listener) // until the namespace ends
	return nil
}

// mountOwn gives the node mounts of its own: this process's mount namespace is a copy of
// the host's, and what it mounts ends with it.
func mountOwn(dir string, keep []string) error {
	if err := detachMounts(); err != nil {
		return err
	}
	if err := hideHost(keep); err != nil {
		return err
	}
	if err := bindFolders(dir); err != nil {
		return err
	}
	if err := bindSysctls(dir); err != nil {
		return err
	}
	// The node is a router, in its own network namespace.
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

// detachMounts separates the mounts from the host's, and then shares them among the node's
// own children, which the kubelet requires.
func detachMounts() error {
	if err := mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return err
	}
	return mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "")
}

// hideHost lays empty folders over those in which a node's components would
// leave files, and makes the rest of the host's files read-only. The folders to
// keep stay as they are, and stay writable.
func hideHost(keep []string) error {
	kept := map[string]*os.File{}
	for _, dir := range keep {
		f, err := os.Open(dir)
		if err != nil {
			return err
		}
		defer f.Close()
		kept[dir] = f
	}
	for _, dir := range []string{"/run", "/tmp", "/var/lib", "/var/log"} {
		if err := mount("netnskube", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=755,size=256m"); err != nil {
			return err
		}
	}
	if err := os.Chmod("/tmp", 0o777|os.ModeSticky); err != nil {
		return err
	}
	for dir, f := range kept {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := mount(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), dir, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	return mount("", "/", "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "")
}

// bindFolders puts the node's own folders where its components look for them.
func bindFolders(dir string) error {
	folders := map[string]string{
		"kubelet":    "/var/lib/kubelet",
		"containerd": "/var/lib/containerd",
		"pods":       "/var/log/pods",
	}
	for own, place := range folders {
		if err := os.MkdirAll(filepath.Join(dir, own), 0o755); err != nil {
			return err
		}
		if err := os.MkdirAll(place, 0o755); err != nil {
			return err
		}
		if err := mount(filepath.Join(dir, own), place, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	for _, place := range []string{"/run/lock", "/run/netns", "/run/containerd"} {
		if err := os.MkdirAll(place, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// bindSysctls shows the kubelet the settings that it requires. They are the machine's, not
// the node's: the kubelet sees files that hold the wanted values.
func bindSysctls(dir string) error {
	wanted := map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
	folder := filepath.Join(dir, "sysctl")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, value := range wanted {
		file := filepath.Join(folder, strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := mount(file, "/proc/sys/"+name, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := syscall.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}
