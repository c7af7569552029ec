// Package pod is one pod as a process on this machine: the kubelet's part of
// it. It starts the command, probes it, restarts it when it crashes, and
// terminates it as the kubelet does: preStop hook, stop signal, and SIGKILL at
// the end of the grace period.
//
// Everything a pod does is done by one goroutine, in the order in which it is
// of the calls here; probes and hooks report to it.
package pod

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Config describes a pod.
type Config struct {
	Name      string       // of the pod, and its host name
	Namespace string       // default "default"
	Node      string       // default "node-1"
	Spec      manifest.Pod // the zero Spec is a pod without hook, probes or arguments
	Command   []string     // in place of the image's; at least its name
	Dir       string       // its working directory; empty: ours

	// Port is the port that the Service routes connections to. 0 is the one that
	// the process is seen to listen on.
	Port int

	// ReadyByConnecting makes a pod without a readiness probe Ready when Port
	// first accepts a connection. In Kubernetes, and so without it, such a pod
	// is Ready as soon as it has started.
	ReadyByConnecting bool

	Isolated bool       // in namespaces of its own, see package sandbox
	IP       netip.Addr // of the pod; needed if it is isolated, else 127.0.0.1
	HostIP   netip.Addr // status.hostIP; default 192.0.2.1

	Clock timeline.Clock
	Emit  func(timeline.Event) // called in order, by the pod's goroutine; it may call Terminate, but not Close
	Log   io.Writer            // gets the output, each line in one Write with the name before it; may be nil
	Note  func(text string)    // called with what the user should know of the process, from any goroutine; may be nil
}

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

// process is what a pod needs of a *sandbox.Process.
type process interface {
	Dial(ctx context.Context, port int) (net.Conn, error)
	Listening() []netip.AddrPort
	OverIPv6(port int) bool
	AcceptQueue(port int) (sandbox.Queue, error)
	Unaccepted(port int) ([]uint64, error)
	Tree() []sandbox.ProcessInfo
	Holders(port int) []int
	Exec(ctx context.Context, argv []string) error
	Signal(sig syscall.Signal) error
	Catches(sig syscall.Signal) bool
	Done() <-chan struct{}
	Exit() (code int, signal string)
	Close() error
}

func launch(cfg sandbox.Config) (process, error) {
	p, err := sandbox.Start(cfg)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Start starts the pod's process. It fails if the manifest asks for something
// that cannot be done here, or if the command cannot be run; a process that
// ends later is restarted, as in Kubernetes. When ctx ends the pod is killed.
func Start(ctx context.Context, cfg Config) (*Pod, error) { return start(ctx, cfg, launch) }

func start(ctx context.Context, cfg Config, launch func(sandbox.Config) (process, error)) (*Pod, error) {
	plan, err := newPlan(&cfg, os.Environ())
	if err != nil {
		return nil, err
	}
	p := &Pod{cfg: cfg, plan: plan, launch: launch, lines: newLines(cfg.Name, cfg.Log), done: make(chan struct{})}
	p.podCtx, p.end = context.WithCancel(ctx)
	p.terminateCtx, p.beginTermination = context.WithCancel(p.podCtx)
	p.port.Store(int32(cfg.Port))
	c, err := p.newContainer()
	if err != nil {
		p.end()
		return nil, err
	}
	go p.run(c)
	return p, nil
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
