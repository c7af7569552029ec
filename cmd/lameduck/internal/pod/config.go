package pod

import (
	"context"
	"io"
	"net"
	"net/netip"
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

// process is what a pod needs of a *sandbox.Process.
type process interface {
	Dial(ctx context.Context, port int) (net.Conn, error)
	Listening() []netip.AddrPort
	OverIPv6(port int) bool
	AcceptQueue(port int) (sandbox.Queue, error)
	Unaccepted(port int) ([]uint64, error)
	Tree() []sandbox.ProcessInfo
	Holders(port int) []int
	AnyRuns(pids []int) bool
	Waits(pids []int) map[int]time.Duration
	Exec(ctx context.Context, argv []string) error
	Signal(sig syscall.Signal) error
	Catches(sig syscall.Signal) bool
	Done() <-chan struct{}
	Exit() (code int, signal string)
	Close() error
}

func setDefaults(cfg *Config) {
	if cfg.Namespace == "" {
		cfg.Namespace = "default"
	}
	if cfg.Node == "" {
		cfg.Node = "node-1"
	}
	if !cfg.IP.IsValid() && !cfg.Isolated {
		cfg.IP = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if !cfg.HostIP.IsValid() {
		cfg.HostIP = netip.AddrFrom4([4]byte{192, 0, 2, 1}) // documentation, RFC 5737
	}
	if cfg.Emit == nil {
		cfg.Emit = discard
	}
	if cfg.Note == nil {
		cfg.Note = func(string) {}
	}
}

func discard(timeline.Event) {}
