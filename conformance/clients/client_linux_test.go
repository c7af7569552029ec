package clients

import (
	"os/exec"
	"runtime"
	"syscall"
)

// tie makes the kernel kill the process of c if ours dies. The signal comes
// when the thread that started it ends, so that is kept until the returned
// function is called.
func tie(c *exec.Cmd) func() {
	runtime.LockOSThread()
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return runtime.UnlockOSThread
}
