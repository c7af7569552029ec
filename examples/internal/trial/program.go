// Package trial tests an example as its users meet it: as a process of its
// own, under the load of a client, with a real SIGTERM in the middle.
package trial

import (
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// variable makes the test binary the program itself. Its value does not
// matter.
const variable = "TRIAL_PROGRAM"

// Main is for TestMain: in a process that [Start] started it runs the
// program's main, else the tests. So what is tested is what `go run` runs,
// with the race detector in it if the tests have it.
func Main(m *testing.M, main func()) {
	if os.Getenv(variable) == "" {
		os.Exit(m.Run())
	}
	go func() { // the program does not outlive the tests, however they end
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	main()
	os.Exit(0)
}

// clocks are short, so that a test takes seconds.
var clocks = []string{
	"LAMEDUCK_DELAY=1s", "LAMEDUCK_QUIET=300ms", "LAMEDUCK_SPREAD=500ms",
	"LAMEDUCK_GRACE=30s", "LAMEDUCK_RESERVE=1s",
}

// A Program is one instance of the example, running.
type Program struct {
	Addr string // what it listens on, host:port
	Log  *Log   // what it writes

	cmd    *exec.Cmd
	exited chan struct{}
}

// Start starts an instance with -addr and args, and returns when it accepts
// connections.
func Start(t *testing.T, args ...string) *Program {
	t.Helper()
	for range 10 {
		addr := FreeAddr(t)
		p := launch(t, exec.Command(executable(t), append([]string{"-addr", addr}, args...)...))
		p.Addr = addr
		if p.listens() {
			return p
		}
		if !strings.Contains(p.Log.String(), "address already in use") {
			t.Fatalf("the program does not listen on %s:\n%s", addr, p.Log)
		}
	}
	t.Fatal("no port of ten was free")
	return nil
}

// Launch starts cmd, made by [Command], and does not wait.
func Launch(t *testing.T, cmd *exec.Cmd) *Program {
	t.Helper()
	return launch(t, cmd)
}

// Command is the program as a command that is not started yet.
func Command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return exec.Command(executable(t), args...)
}

func executable(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM on windows")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func launch(t *testing.T, cmd *exec.Cmd) *Program {
	t.Helper()
	p := &Program{cmd: cmd, Log: newLog(), exited: make(chan struct{})}
	cmd.Env = append(append(os.Environ(), clocks...), append(cmd.Env, variable+"=1")...)
	cmd.Stdout, cmd.Stderr = p.Log, p.Log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		<-p.exited
	})
	return p
}

// listens waits until the program accepts connections, or has exited.
func (p *Program) listens() bool {
	for {
		c, err := net.Dial("tcp", p.Addr)
		if err == nil {
			c.Close()
			return p.running() // else it is somebody else's port
		}
		select {
		case <-p.exited:
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (p *Program) running() bool {
	select {
	case <-p.exited:
		return false
	case <-time.After(time.Millisecond):
		return true
	}
}

// Signal sends a signal.
func (p *Program) Signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("cannot send %v: %v\n%s", s, err, p.Log)
	}
}

// Wait waits for the exit and returns its code.
func (p *Program) Wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(hung):
		p.quit()
		t.Fatalf("still there %v after the signal, longer than its grace period:\n%s", hung, p.Log)
	}
	return p.cmd.ProcessState.ExitCode()
}

// hung is when a program is given up that should have exited long ago.
const hung = time.Minute

// ports are handed out in turn, below those that the system gives to clients.
// Test binaries that run at the same time begin at different ones.
var ports atomic.Int32

func init() { ports.Store(int32(os.Getpid() % 300 * 64)) }

// FreeAddr returns an address of this machine that nobody listens on.
func FreeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(11_000+int(ports.Add(1))%20_000))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no port of a hundred is free")
	return ""
}
