package sandbox

import "slices"

// Tree lists the processes of a pod: process 1, then its children, and so on.
// It is empty where the host does not show them.
func (p *Process) Tree() []ProcessInfo {
	if p.ended() {
		return nil
	}
	return tree(p.cmd.Process.Pid)
}

// AnyRuns reports whether one of some processes, by PID, runs and has not begun to
// exit.
func (p *Process) AnyRuns(pids []int) bool {
	return !p.ended() && slices.ContainsFunc(pids, runs)
}

// Holders are the processes of the tree, by PID, that have a socket which
// listens on the port.
func (p *Process) Holders(port int) (pids []int) {
	if p.ended() {
		return nil
	}
	all := p.Tree()
	for _, inode := range p.backend.listeners(port) {
		for _, info := range all {
			if info.Sockets[inode] {
				pids = append(pids, info.PID)
			}
		}
	}
	return pids
}
