package sandbox

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Main must be the first call in main, and in the TestMain of tests that start
// pods: in a copy of the program that was started as a pod, a hook or a guard
// it does not return. Such a copy is known by its name, argv[0].
func Main() {
	switch os.Args[0] {
	case podRole:
		execOrReport(setUpPod)
	case hookRole:
		execOrReport(nil)
	case guardRole:
		runGuard(os.Stdin, killGroup)
		os.Exit(0)
	}
	takeEntered()
}

// self is this program, also when its file was replaced or deleted since.
const self = "/proc/self/exe"

func newBackend(cfg *Config) (backend, error) {
	if cfg.Isolated {
		return newNamespaces(cfg)
	}
	return newPlain(cfg)
}

// forker is a thread that never ends. The death signal of a child is sent when
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
