package sandbox

import "time"

// ProcessInfo is one process of a pod.
type ProcessInfo struct {
	PID     int      // on this host
	Command []string // its arguments, with its own name
	Program string   // the file that it executes
	CPU     time.Duration
	Sockets map[string]bool // the inodes of its sockets
}

// Tree lists the processes of a pod: process 1, then its children, and so on.
// It is empty where the host does not show them.
func (p *Process) Tree() []ProcessInfo {
	if p.ended() {
		return nil
	}
	return tree(p.cmd.Process.Pid)
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
