//go:build unix

package trial

import "syscall"

// quit has the program print what all its goroutines are doing, and exit.
func (p *Program) quit() {
	p.cmd.Process.Signal(syscall.SIGQUIT)
	<-p.exited
}
