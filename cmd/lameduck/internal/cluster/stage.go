package cluster

import (
	"sync/atomic"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// Stage is a workload of a cluster for one trial.
type Stage struct {
	cfg          Config
	client       dynamic.Interface
	target       *Target
	action       timeline.Action
	node         string
	watchFor     time.Duration
	readyTimeout time.Duration
	replicas     int                    // that there should be between two actions
	problem      string                 // what was missing in the workload when it was last read
	waiting      atomic.Pointer[string] // what Waiting returns

	observer *observer
	clocks   *clocks
	proxies  *proxies
	pool     *workers.Pool
	control  *control.Target
	undo     undo
}

// Waiting describes what the stage waits for, and why; empty if it does not wait.
func (s *Stage) Waiting() string {
	if why := s.waiting.Load(); why != nil {
		return *why
	}
	return ""
}

func (s *Stage) waitFor(why string) { s.waiting.Store(&why) }
