package clients

import (
	"os/exec"
	"runtime"
	"syscall"
)

// tie makes the kernel send the process of c a signal if ours exits. The signal comes
// when the thread that started it ends, so that is kept until the returned
// function is called.
func tie(c *exec.Cmd, end syscall.Signal) func() {
	runtime.LockOSThread()
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: end}
	return runtime.UnlockOSThread
}
