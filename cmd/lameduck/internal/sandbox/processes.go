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
