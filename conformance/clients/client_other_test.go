//go:build !linux

package clients

import (
	"os/exec"
	"syscall"
)

// tie does nothing here: only Linux ties the life of a process to another's.
func tie(*exec.Cmd, syscall.Signal) func() { return func() {} }
