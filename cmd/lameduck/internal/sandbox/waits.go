package sandbox

import "time"

// Waits is for how long the threads of some processes, by PID on this host, have
// waited for a processor since they began, by thread; nil where the host does not
// show it. A thread that waits now has that in it only when it has got one.
func (p *Process) Waits(pids []int) map[int]time.Duration { return waits(pids) }
