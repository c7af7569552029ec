//go:build unix

package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName is the name of a signal, such as "SIGTERM"; empty for a number
// that has none.
func SignalName(sig syscall.Signal) string { return unix.SignalName(sig) }

// SignalByName is the signal of that name ("SIGTERM"), or 0.
func SignalByName(name string) syscall.Signal { return unix.SignalNum(name) }

func killGroup(pid int) error { return unix.Kill(-pid, unix.SIGKILL) }
