package lab

import (
	"context"
	"net"
	"net/netip"
	"strconv"
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
		return "it does not run"
	case m.ready():
		return "its readiness still changes"
	}
	return m.process.Status()
}

// run starts a pod and waits until it has exited, in a goroutine of its own. No
// event of the pod is handled before the one that it has started. When ctx ends
// the pod is killed immediately.
func (l *loop) run(m *podState) {
	var p process
	var err error
	launched := make(chan struct{})
	p, err = l.launch(l.ctx, m.object, address(m.number), func(e timeline.Event) {
		<-launched
		e.Pod = m.name
		status := ""
		if e.Kind == timeline.Exited {
			status = p.Status() // now, as a restart resets it
		}
		l.mail.post(func() { l.observe(m, e, status) })
	})
	if err != nil {
		l.mail.post(func() { l.startFailed(m, err) })
		return
	}
	l.mail.post(func() { l.started(m, p) })
	close(launched)
	select {
	case <-p.Done():
	case <-l.ctx.Done():
	}
	err = p.Close()
	<-p.Done()
	l.mail.post(func() { l.podEnded(m, err) })
}

// podName numbers the pods in order of their creation: app-1, app-2.
func (c Config) podName(number int) string {
	base := c.Workload.Name
	if base == "" {
		base = "app"
	}
	return base + "-" + strconv.Itoa(number)
}

// address is the pod's IP: 10.244.0.N for the first 255 pods.
func address(number int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 244, byte(number >> 8), byte(number)})
}
