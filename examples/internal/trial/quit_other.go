//go:build !unix

package trial

// quit ends the program; only Unix can ask it what it is doing.
func (p *Program) quit() {
	p.cmd.Process.Kill()
	<-p.exited
}
