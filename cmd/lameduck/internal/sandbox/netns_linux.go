package sandbox

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// netns dials from inside a network namespace. A socket belongs to the
// namespace of the thread that makes it, so each dial needs a thread that has
// entered it. Threads are made when all others are busy, which one hanging
// dial may keep them for long, and a few are kept.
type netns struct {
	mu     sync.Mutex
	file   *os.File // nil: released
	idle   []chan func()
	closed bool
}

// maxIdle is how many threads a namespace keeps while nobody dials.
const maxIdle = 4

func (n *netns) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var conn net.Conn
	var err error
	done := make(chan struct{})
	refused := n.run(func() { conn, err = connect(ctx, to) }, done)
	if refused != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: refused}
	}
	<-done
	return conn, err
}

// run has a thread of the namespace call f and then close done.
func (n *netns) run(f func(), done chan struct{}) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return os.NewSyscallError("connect", unix.ECONNREFUSED) // nobody is there any more
	}
	inbox := n.takeIdle()
	if inbox == nil {
		inbox = make(chan func(), 1)
		if err := n.newThread(inbox); err != nil {
			return err
		}
	}
	inbox <- func() {
		f()
		n.offer(inbox)
		close(done)
	}
	return nil
}

// takeIdle takes the thread that was used last, if there is one.
func (n *netns) takeIdle() chan func() {
	last := len(n.idle) - 1
	if last < 0 {
		return nil
	}
	inbox := n.idle[last]
	n.idle = n.idle[:last]
	return inbox
}

// newThread starts a thread that does what comes into its inbox until that is
// closed. The goroutine never unlocks the thread, so both end together.
func (n *netns) newThread(inbox chan func()) error {
	entered := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET)
		entered <- os.NewSyscallError("setns", err)
		if err != nil {
			return
		}
		for f := range inbox {
			f()
		}
	}()
	return <-entered
}

// offer is called by a thread that has nothing to do.
func (n *netns) offer(inbox chan func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || len(n.idle) >= maxIdle {
		close(inbox)
		return
	}
	n.idle = append(n.idle, inbox)
}

// close lets the threads end; one that still dials does so first.
func (n *netns) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for _, inbox := range n.idle {
		close(inbox)
	}
	n.idle = nil
	n.file.Close()
}
