// Package pod is one pod as a process on this machine: the kubelet's part of
// it. It starts the command, probes it, restarts it when it crashes, and
// terminates it as the kubelet does: preStop hook, stop signal, and SIGKILL at
// the end of the grace period.
//
// One goroutine runs a pod (run.go): it starts, stops and restarts containers and
// emits the events. The state of the pod is how far this goroutine has come: it waits for a
// reason to stop (runContainer), for the hook, the exit or the kill (stop), or for the
// next start (restart). Probes, hooks and the watch of the accept queue have goroutines of
// their own, and report to it (await.go).
package pod

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Pod is a pod that was started.
type Pod struct {
	cfg    Config
	plan   plan
	lines  *lines
	launch func(sandbox.Config) (process, error)

	podCtx           context.Context // ends when the pod is closed: nothing may run longer
	end              context.CancelFunc
	terminateCtx     context.Context // ends when the pod is to terminate
	beginTermination context.CancelFunc
	once             sync.Once
	grace            time.Duration // may be read once terminateCtx has ended
	done             chan struct{}

	port    atomic.Int32
	current atomic.Pointer[container]
	status  status
}

// Name is the pod's name.
func (p *Pod) Name() string { return p.cfg.Name }

// Terminate begins the termination, as the kubelet does after the deletion of
// the pod: the preStop hook, the stop signal, and SIGKILL when the grace period
// ends, which counts from here. It returns immediately. Only the first call
// counts: the kubelet does not honour a grace period that is shortened later
// (kubernetes/kubernetes#113717).
//
// A grace period of 0 is a forced deletion: no hook, and 2 seconds.
func (p *Pod) Terminate(grace time.Duration) {
	p.once.Do(func() {
		p.grace = grace
		p.beginTermination()
	})
}

// Dial connects to the target port, as kube-proxy connects a client of the
// Service. A pod without a process, or with an unknown port, refuses.
func (p *Pod) Dial(ctx context.Context) (net.Conn, error) {
	port := int(p.port.Load())
	if port == 0 {
		err := os.NewSyscallError("connect", syscall.ECONNREFUSED)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: p.cfg.IP.AsSlice()}, Err: err}
	}
	return p.current.Load().Dial(ctx, port)
}

// Done is closed when the termination is complete: the process has exited, and
// so has its hook.
func (p *Pod) Done() <-chan struct{} { return p.done }

// Close kills the pod immediately, in any state, and waits until it has exited.
func (p *Pod) Close() error {
	p.end()
	<-p.done
	return nil
}

func (p *Pod) emit(e timeline.Event) {
	e.At, e.Pod = p.cfg.Clock.Now(), p.cfg.Name
	p.cfg.Emit(e)
}
