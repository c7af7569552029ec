// Package trial tests an example as its users meet it: as a process of its
// own, under the load of a client, with a real SIGTERM in the middle.
package trial

import (
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
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
	Network Network
	Addr    string // what it listens on
	Log     *Log   // its standard error
	Out     *Log   // its standard output

	cmd    *exec.Cmd
	exited chan struct{}
}

// Start starts an instance with -addr and args, and returns when it accepts
// connections.
func Start(t *testing.T, args ...string) *Program {
	t.Helper()
	return TCP.Start(t, args...)
}

// Start is the same on another network.
func (n Network) Start(t *testing.T, args ...string) *Program {
	t.Helper()
	for range 10 {
		addr := n.freeAddr(t)
		cmd := Command(t, append([]string{"-addr", addr}, args...)...)
		cmd.Env = append(cmd.Env, clocks...)
		p := Launch(t, cmd)
		p.Network, p.Addr = n, addr
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

// Command is the program as a command that is not started yet, without the
// short clocks of a test. The race detector would have it sleep for a second
// before it exits.
func Command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM on windows")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), variable+"=1", "GORACE=atexit_sleep_ms=50")
	return cmd
}

// Launch starts cmd, made by [Command], and does not wait for it to listen.
func Launch(t *testing.T, cmd *exec.Cmd) *Program {
	t.Helper()
	p := &Program{cmd: cmd, Log: newLog(), Out: newLog(), exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Out, p.Log
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
		c, err := net.Dial(string(p.Network), p.Addr)
		if err == nil {
			c.Close()
			return p.running() // else another process listens on that port
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
