//go:build unix

package sandbox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// The guard is a small process beside the program. When the program ends, also by SIGKILL,
// the pipe between them closes, and the guard kills the process groups that are left. Plain
// processes need it, since the death signal of the kernel exists on Linux only
// and does not reach grandchildren.
const guardRole = "lameduck-guard"

var guard struct {
	sync.Mutex
	pipe io.Writer
}

// guardGroup puts the process group under the guard. Where no guard can be started, for
// lack of memory or processes, the pod runs without one.
func guardGroup(pid int) { tellGuard("+", pid) }

func unguardGroup(pid int) { tellGuard("-", pid) }

func tellGuard(what string, pid int) {
	guard.Lock()
	defer guard.Unlock()
	if guard.pipe == nil {
		guard.pipe = startGuard()
	}
	fmt.Fprintf(guard.pipe, "%s%d\n", what, pid)
}

func startGuard() io.Writer {
	self, err := os.Executable()
	if err != nil {
		return io.Discard
	}
	cmd := exec.Command(self)
	cmd.Args = []string{guardRole}
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is not for it
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return io.Discard
	}
	if err := cmd.Start(); err != nil {
		return io.Discard
	}
	return pipe
}

// runGuard is the guard: it keeps the list until its standard input ends.
func runGuard(in io.Reader, kill func(pid int) error) {
	groups := map[int]bool{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		pid, err := strconv.Atoi(strings.TrimLeft(lines.Text(), "+-"))
		if err != nil || pid <= 1 {
			continue
		}
		if strings.HasPrefix(lines.Text(), "+") {
			groups[pid] = true
		} else {
			delete(groups, pid)
		}
	}
	for pid := range groups {
		_ = kill(pid)
	}
}
