package main

import "syscall"

// dieWithParent makes the kernel kill the child when this process is gone,
// also after kill -9.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
