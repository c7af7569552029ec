package pod

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// fake is how a process behaves, by the clock of the test's bubble.
type fake struct {
	listens        []netip.AddrPort
	ipv6           bool
	tree           []sandbox.ProcessInfo
	holders        []int                                                 // by PID, the processes of tree that listen
	waits          func() map[int]time.Duration                          // nil: the host does not show them
	queue          func() sandbox.Queue                                  // nil: the kernel does not show it
	holds          func() bool                                           // whether a process that had the listener runs; nil: it does
	unaccepted     func() []uint64                                       // the connections in it
	ignoresSignals bool                                                  // no signal but SIGKILL has an effect
	forgets        bool                                                  // the process removes its handler at the first signal, and keeps running
	linger         time.Duration                                         // between the signal and the exit
	exec           func(ctx context.Context, argv []string) error        // hooks and exec probes; nil: success
	conn           func(ctx context.Context, port int) (net.Conn, error) // nil: refused
	lifetime       time.Duration                                         // the process exits by itself after this, with code 3; 0: never
}

// running is a fake that was started.
type running struct {
	fake
	once   sync.Once
	done   chan struct{}
	forgot atomic.Bool
	code   int
	signal string
}

func (f fake) start() *running {
	r := &running{fake: f, done: make(chan struct{})}
	if f.lifetime > 0 {
		r.exitAfter(f.lifetime, 3)
	}
	return r
}

func (f *running) exitAfter(d time.Duration, code int) {
	go func() {
		select {
		case <-time.After(d):
			f.exit(code, "")
		case <-f.done:
		}
	}()
}

func (f *running) exit(code int, signal string) {
	f.once.Do(func() {
		f.code, f.signal = code, signal
		close(f.done)
	})
}

func (f *running) Dial(ctx context.Context, port int) (net.Conn, error) {
	if f.conn == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return f.conn(ctx, port)
}

func (f *running) Exec(ctx context.Context, argv []string) error {
	if f.exec == nil {
		return nil
	}
	return f.exec(ctx, argv)
}

func (f *running) Signal(sig syscall.Signal) error {
	switch {
	case sig == syscall.SIGKILL:
		f.exit(137, "SIGKILL")
	case f.forgets:
		f.forgot.Store(true)
	case !f.ignoresSignals:
		f.exitAfter(f.linger, 0)
	}
	return nil
}

func (f *running) Listening() []netip.AddrPort { return f.listens }

func (f *running) AcceptQueue(int) (sandbox.Queue, error) {
	if f.queue == nil {
		return sandbox.Queue{}, sandbox.ErrNoQueue
	}
	return f.queue(), nil
}

func (f *running) Unaccepted(int) ([]uint64, error) { return f.unaccepted(), nil }

func (f *running) OverIPv6(int) bool { return f.ipv6 }

func (f *running) Tree() []sandbox.ProcessInfo { return f.tree }

func (f *running) Holders(int) []int { return f.holders }

func (f *running) AnyRuns([]int) bool { return f.holds == nil || f.holds() }

func (f *running) Waits([]int) map[int]time.Duration {
	if f.waits == nil {
		return nil
	}
	return f.waits()
}

func (f *running) Catches(syscall.Signal) bool { return !f.ignoresSignals && !f.forgot.Load() }

func (f *running) Done() <-chan struct{} { return f.done }

func (f *running) Exit() (code int, signal string) { return f.code, f.signal }

func (f *running) Close() error {
	f.exit(137, "SIGKILL")
	return nil
}

// silentServer is a conn for a server that accepts connections and sends
// nothing.
func silentServer(context.Context, int) (net.Conn, error) {
	ours, theirs := net.Pipe()
	theirs.Close()
	return ours, nil
}

// stage runs a test in a bubble, with a pod that has the fakes as containers, in
// turn; the last one again and again.
type stage struct {
	*testing.T
	*Pod
	mu     sync.Mutex
	events []string
}

func onStage(t *testing.T, cfg Config, test func(s *stage), fakes ...fake) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t}
		cfg.Name, cfg.Command, cfg.Clock, cfg.Emit = "web-1", []string{"server"}, timeline.NewClock(), s.record
		launched := 0
		p, err := start(t.Context(), cfg, func(sandbox.Config) (process, error) {
			f := fakes[min(launched, len(fakes)-1)]
			launched++
			return f.start(), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Pod = p
		defer p.Close()
		test(s)
	})
}

// record writes an event down as one line: "1.5s exited 137 SIGKILL: detail".
func (s *stage) record(e timeline.Event) {
	line := fmt.Sprint(e.At, " ", e.Kind)
	if e.Kind == timeline.Exited {
		line += strings.TrimRight(fmt.Sprintf(" %d %s", e.Code, e.Signal), " ")
	}
	if e.Kind == timeline.AcceptQueue || e.Kind == timeline.ListenerClosed {
		line += fmt.Sprintf(" %d after %v", e.Waiting, e.After)
		if e.StalledBy > 0 {
			line += fmt.Sprintf(", stalled after %v by %v", e.StalledAfter, e.StalledBy)
		}
		if e.Running {
			line += ", its process runs"
		}
		if e.Ended {
			line += ", its process has ended"
		}
	}
	if e.Kind == timeline.Starved || e.Kind == timeline.StartStarved {
		line += fmt.Sprintf(" since %v", e.Due)
	}
	if e.Caught {
		line += " caught"
	}
	if e.Uncaught {
		line += " uncaught"
	}
	if e.Detail != "" {
		line += ": " + e.Detail
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, line)
}

// expect compares all events so far.
func (s *stage) expect(want ...string) {
	s.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if diff := cmp.Diff(want, s.events); diff != "" {
		s.Errorf("events (-want +got):\n%s", diff)
	}
}

// elapsed is the time since the start of the bubble, the clock of which begins
// with this century (package synctest).
func elapsed() time.Duration {
	return time.Since(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC))
}

func sleepHook(d time.Duration) *manifest.Handler { return &manifest.Handler{Sleep: &d} }

func addrs(list ...string) (a []netip.AddrPort) {
	for _, s := range list {
		a = append(a, netip.MustParseAddrPort(s))
	}
	return a
}
