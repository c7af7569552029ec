//go:build linux

package netnskube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The exit codes of a shell for a command that cannot be run.
const (
	exitCannotRun = 126
	exitNotFound  = 127
)

// enterMain runs a command in the namespaces of another process. Its arguments
// are a list of namespaces, as in "net,mnt,pid"; that process's PID; and the
// command. Without pid among them it becomes the command; with it, only a child
// can be in the namespace.
func enterMain(args []string) error {
	spaces, command := strings.Split(args[0], ","), args[2:]
	pid, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if err := enter(pid, spaces); err != nil {
		return err
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		fmt.Fprintf(os.Stderr, "netnskube: %v\n", err)
		os.Exit(exitNotFound)
	}
	if slices.Contains(spaces, "pid") {
		os.Exit(runChild(path, command))
	}
	return syscall.Exec(path, command, os.Environ())
}

var namespaceFlags = map[string]int{
	"net": unix.CLONE_NEWNET, "mnt": unix.CLONE_NEWNS, "pid": unix.CLONE_NEWPID,
	"uts": unix.CLONE_NEWUTS, "ipc": unix.CLONE_NEWIPC,
}

// enter moves this thread into a process's namespaces. It opens all of them
// before it enters the first: after the mount namespace /proc is another.
func enter(pid int, spaces []string) error {
	fds := map[string]int{}
	for _, space := range spaces {
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, space), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("enter %s namespace: %w", space, err)
		}
		fds[space] = fd
	}
	// A thread that shares its root and working directory with others cannot
	// change its mount namespace.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	for _, space := range spaces {
		if err := unix.Setns(fds[space], namespaceFlags[space]); err != nil {
			return fmt.Errorf("enter %s namespace: %w", space, err)
		}
	}
	return nil
}

// runChild runs a command to its end, passes signals on to it, and returns its
// exit code as a shell would.
func runChild(path string, command []string) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	cmd := role("tether", append([]string{path}, command...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(os.Stderr, "netnskube: %v\n", err)
		return exitCannotRun
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	return ExitCode(cmd.Wait())
}

// tetherMain becomes a command that is killed when the process that started it
// ends. SysProcAttr.Pdeathsig cannot do it: it takes a parent in another PID
// namespace for one that has exited already.
func tetherMain(args []string) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	return syscall.Exec(args[0], args[1:], os.Environ())
}

// ExitCode is what a shell would make of how a command ended: its exit code, or
// 128 and the number of the signal that killed it.
func ExitCode(err error) int {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		if err != nil {
			return exitCannotRun
		}
		return 0
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// inNamespaces is a command in namespaces of another process, killed when this
// one ends.
func inNamespaces(ctx context.Context, pid int, spaces string, command []string) *exec.Cmd {
	self := role("enter", append([]string{spaces, strconv.Itoa(pid)}, command...)...)
	cmd := exec.CommandContext(ctx, self.Path)
	cmd.Args = self.Args
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}
