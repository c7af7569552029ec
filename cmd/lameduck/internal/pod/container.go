package pod

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// container is one run of the pod's process, with its probes.
type container struct {
	probed

	results      chan probeResult
	found        chan netip.AddrPort // the port it was first seen to listen on
	probes       context.Context     // ends with the process
	stop         context.CancelFunc
	livenessCtx  context.Context // liveness and startup probes; ends when termination begins
	stopLiveness context.CancelFunc
	stopCtx      context.Context // ends when the container is to be stopped, for any reason
	stopBecause  context.CancelCauseFunc
	workers      sync.WaitGroup

	started, listens, ready, ended bool     // of the pod's goroutine
	startWatched                   bool     // of the same goroutine
	wrapper                        string   // what process 1 is, if it is not the server; of the same goroutine
	servers                        []int    // the processes that its termination depends on; of the same goroutine
	idleness                       idleness // of Trouble

	watches *watches
}

// settled is how long a container has to run, and then its processes to use no processor
// time, before the ports on which it listens are taken as final.
const settled = 2 * time.Second

// idleness is when the processes of a container last used processor time.
type idleness struct {
	cpu   time.Duration
	since time.Time
}

// idle reports whether the container has run, and its processes used no
// processor time, for a while. Where that cannot be seen it is false.
func (c *container) idle() bool {
	var cpu time.Duration
	tree := c.Tree()
	for _, process := range tree {
		cpu += process.CPU
	}
	now := time.Now()
	if cpu != c.idleness.cpu || c.idleness.since.IsZero() {
		c.idleness = idleness{cpu, now}
	}
	return len(tree) > 0 && now.Sub(c.began) >= settled && now.Sub(c.idleness.since) >= settled
}

func (c *container) exited() bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}
