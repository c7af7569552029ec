//go:build unix && !linux

package sandbox

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Main must be the first call in main: in a copy of the program that was
// started as a guard it does not return.
func Main() {
	if os.Args[0] == guardRole {
		runGuard(os.Stdin, killGroup)
		os.Exit(0)
	}
}

// Enter does nothing here: only Linux has user namespaces.
func Enter(context.Context) error { return nil }

// Available returns why pods cannot have namespaces here.
func Available() error {
	return errors.New("network namespaces exist on Linux only, and this is " + runtime.GOOS)
}

func newBackend(cfg *Config) (backend, error) {
	if cfg.Isolated {
		return nil, Available()
	}
	return newPlain(cfg)
}

func killWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func startChild(cmd *exec.Cmd) error { return cmd.Start() }

func catches(int, syscall.Signal) bool { return true }

func tree(int) []ProcessInfo { return nil }

func runs(int) bool { return false }

func waits([]int) map[int]time.Duration { return nil }

func endsByDefault(int, syscall.Signal) bool { return false }
