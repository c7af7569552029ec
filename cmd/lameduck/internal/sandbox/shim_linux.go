package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// The shim is a copy of this program that becomes the command: it does what
// can only be done from inside the new namespaces, and then executes it. It is
// named by its role, and its arguments are the host name, the IP, the path of
// the command, and the command's whole argv.
const (
	podRole  = "lameduck-pod"
	hookRole = "lameduck-hook"

	controlFD = 3 // its end of the control socket
	shimArgs  = 4 // role, host name, IP, path
)

// shim is the outside of one: the parent's end of the control socket.
type shim struct{ control *os.File }

// wrap turns cmd into one that starts the shim, which becomes cmd.
func wrap(cmd *exec.Cmd, role, hostname, ip string) (shim, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return shim{}, os.NewSyscallError("socketpair", err)
	}
	cmd.Args = append([]string{role, hostname, ip, cmd.Path}, cmd.Args...)
	cmd.Path = self
	cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(pair[1]), "control")}
	return shim{os.NewFile(uintptr(pair[0]), "control")}, nil
}

// start starts cmd, which was wrapped, by means of fork, and lets prepare look
// at it while it waits. It returns when the shim has become the command.
func (s shim) start(cmd *exec.Cmd, fork func(*exec.Cmd) error, prepare func() error) error {
	defer s.control.Close()
	err := fork(cmd)
	cmd.ExtraFiles[0].Close()
	if err != nil {
		return err
	}
	if err = prepare(); err == nil {
		err = s.release()
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	return err
}

// armed is the byte that the shim sends when the kernel will kill it with its
// parent. It must not be released before: a byte sent earlier could still be
// read after the parent had ended.
const armed = 1

// release lets the shim continue. The response is an error, or empty: the
// socket closes when the command is executed.
func (s shim) release() error {
	answer := make([]byte, 1)
	if _, err := io.ReadFull(s.control, answer); err != nil {
		return fmt.Errorf("the process ended before its command was executed: %w", err)
	}
	if answer[0] == armed {
		if _, err := s.control.Write([]byte{1}); err != nil {
			return fmt.Errorf("the process ended before its command was executed: %w", err)
		}
		answer = nil
	}
	complaint, err := io.ReadAll(s.control)
	if complaint = append(answer, complaint...); err == nil && len(complaint) > 0 {
		err = errors.New(string(complaint))
	}
	return err
}

// execOrReport is the inside of the shim. It does not return.
func execOrReport(setUp func(hostname string, ip netip.Addr) error) {
	runtime.LockOSThread() // the death signal belongs to the thread that asks for it
	control := os.NewFile(controlFD, "control")
	unix.CloseOnExec(controlFD)
	if err := become(control, setUp); err != nil {
		fmt.Fprint(control, err)
	}
	os.Exit(1)
}

func become(control io.ReadWriter, setUp func(string, netip.Addr) error) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	if setUp != nil {
		ip, err := netip.ParseAddr(os.Args[2])
		if err != nil {
			return err
		}
		if err := setUp(os.Args[1], ip); err != nil {
			return err
		}
	}
	// A parent that ended before the death signal was set closes the socket.
	if _, err := control.Write([]byte{armed}); err != nil {
		return err
	}
	if _, err := io.ReadFull(control, make([]byte, 1)); err != nil {
		return err
	}
	path := os.Args[shimArgs-1]
	return fmt.Errorf("cannot run %q: %w", path, syscall.Exec(path, os.Args[shimArgs:], os.Environ()))
}
