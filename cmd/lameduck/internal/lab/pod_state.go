package lab

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// process is a running pod as the lab needs it.
type process interface {
	Terminate(grace time.Duration)
	Dial(ctx context.Context) (net.Conn, error)
	Status() string                    // its Status, in one line
	Trouble() (why string, final bool) // why its process is not reached, and whether that can change
	LastOutput() []string
	Done() <-chan struct{}
	Close() error
}

// launch starts the pod with this name and address, and kills it when ctx
// ends. The pod calls emit from a goroutine of its own, in order, and may wait
// for it.
type launch func(ctx context.Context, name string, ip netip.Addr, emit func(timeline.Event)) (process, error)

// podState is one pod as the control plane sees it. The loop owns it.
type podState struct {
	number   int
	object   string // its name in the API
	name     string // unique in the run: a StatefulSet uses a name again
	ordinal  int    // of a StatefulSet from 0, without ordinals.start; of a DaemonSet its node
	revision int

	process  process // nil until it runs
	passed   bool    // the last result of the readiness probe
	restarts int

	readySince   time.Time // of the last time it became ready
	waitingSince time.Time // when it was created, or last became unavailable
	everReady    bool
	everListened bool
	deleted      bool // it has a deletionTimestamp
	kubeletKnows bool // the kubelet knows of the deletion
	ended        bool // its processes have exited
}

// ready is the pod's Ready condition.
func (m *podState) ready() bool { return m.process != nil && m.passed }

// available is what the Deployment counts: ready for minReadySeconds.
func (m *podState) available(minReady time.Duration) bool {
	return !m.deleted && m.ready() && time.Since(m.readySince) >= minReady
}

// status describes a pod that is not available.
func (m *podState) status() string {
	switch {
	case m.process == nil:
		return "the process does not run"
	case m.ready():
		return "the result of its readiness probe still changes"
	}
	return m.process.Status()
}

// address is the pod's IP: 10.244.0.N for the first 255 pods.
func address(number int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 244, byte(number >> 8), byte(number)})
}
