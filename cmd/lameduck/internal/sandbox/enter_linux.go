package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// enteredKey marks, in the environment of the copy that Enter starts, that it
// is the copy. Main takes it out again, so that no pod ever sees it.
const enteredKey = "LAMEDUCK_ENTERED"

var entered bool

func takeEntered() {
	_, entered = os.LookupEnv(enteredKey)
	os.Unsetenv(enteredKey)
}

// Available returns nil if processes can be isolated here, or one line on why
// not. It tries, once, with a process that does nothing. For an unprivileged
// user the result depends on Enter having been called.
func Available() error {
	if enterFailed != nil {
		return enterFailed
	}
	return available()
}

var available = sync.OnceValue(func() error { return try(syscall.SysProcAttr{}) })

// enterFailed is why Enter failed; it is more exact than the error that it was
// to avoid.
var enterFailed error

// Enter makes sure that an unprivileged program may isolate processes: it runs
// the program a second time as root of a user namespace of its own, forwards
// the signals it gets, and exits as that copy does. It returns immediately
// where that is not needed, or not allowed; the error then is the reason.
// Either way Available has the result. It is called before anything has been
// done. If ctx ends, the copy gets a SIGTERM: a program that already waits for
// signals has consumed earlier ones.
func Enter(ctx context.Context) error {
	if entered || Available() == nil {
		return nil
	}
	if enterFailed = try(asRootOfNewUserNamespace()); enterFailed != nil {
		return enterFailed
	}
	code, err := runCopy(ctx)
	if err != nil {
		return err
	}
	os.Exit(code)
	return nil
}

// try isolates a process that does nothing.
func try(attr syscall.SysProcAttr) error {
	n := &namespaces{ip: netip.AddrFrom4([4]byte{127, 0, 0, 2}), pidfd: -1, attr: attr}
	defer n.release()
	cmd := exec.Command(self)
	cmd.Args = []string{guardRole} // which has nothing to read
	if err := n.start(cmd); err != nil {
		return refusal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return nil
}

// refusal explains the error of a kernel that does not let us.
func refusal(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return errors.New("no namespaces here: their limit is 0 or reached (sysctl user.max_user_namespaces, user.max_net_namespaces)")
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return errors.New("no namespaces here: the kernel, or the container we are in, does not permit them")
	}
	return fmt.Errorf("no namespaces here: %w", err)
}

func asRootOfNewUserNamespace() syscall.SysProcAttr {
	return syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

// runCopy runs the program again, to its end. The copy has a process group of
// its own, so that Ctrl-C reaches it once, through us, and not twice.
func runCopy(ctx context.Context) (code int, err error) {
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		if !signal.Ignored(s) { // nohup
			signal.Notify(signals, s)
		}
	}
	attr := asRootOfNewUserNamespace()
	attr.Pdeathsig, attr.Setpgid = unix.SIGKILL, true
	cmd := exec.Command(self)
	cmd.Args = os.Args
	cmd.Env = append(os.Environ(), enteredKey+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &attr
	if err := startChild(cmd); err != nil {
		return 0, refusal(err)
	}
	go forward(ctx, signals, cmd.Process)
	_ = cmd.Wait()
	code, _ = exitStatus(cmd.ProcessState)
	return code, nil
}

// forward passes signals on. One that came before signals was registered has only ended
// ctx; one that came later does both, a moment apart, and must not be passed on twice.
func forward(ctx context.Context, signals <-chan os.Signal, to *os.Process) {
	const apart = 100 * time.Millisecond
	var first os.Signal
	select {
	case first = <-signals:
	case <-ctx.Done():
		select {
		case first = <-signals:
		case <-time.After(apart):
			first = unix.SIGTERM
		}
	}
	_ = to.Signal(first)
	for s := range signals {
		_ = to.Signal(s)
	}
}
