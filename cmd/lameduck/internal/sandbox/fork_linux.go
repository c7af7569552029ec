package sandbox

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// self is this program, also when its file was replaced or deleted since.
const self = "/proc/self/exe"

// forkThread is a thread that never ends. The death signal of a child is sent when
// the thread that forked it ends (golang/go#27505), and the Go runtime ends
// threads as it likes unless a goroutine holds on to them.
var forkThread = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// startChild starts cmd from the thread that never ends.
func startChild(cmd *exec.Cmd) error {
	failed := make(chan error)
	forkThread() <- func() { failed <- cmd.Start() }
	return <-failed
}

func killWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
