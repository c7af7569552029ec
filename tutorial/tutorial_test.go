package tutorial

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/freeaddr"
)

// TestMain makes this binary the server of a lesson: each is terminated as a
// real process, by a real signal.
func TestMain(m *testing.M) {
	if name := os.Getenv("LESSON"); name != "" {
		os.Exit(serve(name))
	}
	os.Exit(m.Run())
}

func serve(name string) int {
	for _, s := range Servers {
		if s.Name == name {
			if err := s.Main(os.Getenv("ADDR")); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			return 0
		}
	}
	return 2
}

// lesson is a server that runs.
type lesson struct {
	*exec.Cmd
	addr string
}

func start(t *testing.T, name string, env ...string) *lesson {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM on windows")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l := &lesson{exec.CommandContext(t.Context(), self), freeaddr.Take(t)}
	l.Env = append(os.Environ(), append(env, "LESSON="+name, "ADDR="+l.addr)...)
	l.Stderr = t.Output()
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Wait() })
	l.waitListening(t)
	return l
}

func (l *lesson) waitListening(t *testing.T) {
	t.Helper()
	for range 1000 {
		if c, err := net.Dial("tcp", l.addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it never listened")
}

func (l *lesson) terminate(t *testing.T) {
	t.Helper()
	if err := l.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// client is one kept connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

func (l *lesson) dial(t *testing.T) (*client, error) {
	c, err := net.Dial("tcp", l.addr)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	return &client{c, bufio.NewReader(c)}, nil
}

func (l *lesson) mustDial(t *testing.T) *client {
	t.Helper()
	c, err := l.dial(t)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *client) send() { fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n") }

func (c *client) answer() (goodbye bool, err error) {
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	_, err = bufio.NewReader(res.Body).ReadString('\n')
	return res.Close, err
}

func (c *client) get() (goodbye bool, err error) {
	c.send()
	return c.answer()
}

func TestDefaultIsCutAtOnce(t *testing.T) {
	t.Parallel()
	l := start(t, "default")
	c := l.mustDial(t)
	c.get()
	c.send()
	l.terminate(t)
	if _, err := c.answer(); err == nil {
		t.Error("the request in flight was answered")
	}
	l.Wait()
	if status := l.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v, want death by SIGTERM", l.ProcessState)
	}
}

func TestShutdownRefusesLateConnections(t *testing.T) {
	t.Parallel()
	l := start(t, "shutdown")
	c := l.mustDial(t)
	c.get()
	c.send() // in flight, it keeps the process alive; or it comes too late and is lost
	l.terminate(t)
	for { // until it has stopped listening
		if _, err := l.dial(t); err != nil {
			break
		}
	}
	l.Wait()
	if code := l.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestSleepExitServesOnAndCutsWhatIsKept(t *testing.T) {
	t.Parallel()
	l := start(t, "sleep-exit")
	kept := l.mustDial(t)
	kept.get()
	l.terminate(t)
	if _, err := l.mustDial(t).get(); err != nil {
		t.Errorf("a late connection: %v, want it served", err)
	}
	for { // back to back, until the exit cuts one
		goodbye, err := kept.get()
		if err != nil {
			break
		}
		if goodbye {
			t.Fatal("the kept connection was asked to leave")
		}
	}
	l.Wait()
	if code := l.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestLameduckAsksWaitsAndFinishes(t *testing.T) {
	t.Parallel()
	l := start(t, "lameduck", "LAMEDUCK_DELAY=1s", "LAMEDUCK_QUIET=200ms", "LAMEDUCK_SPREAD=200ms")
	kept := l.mustDial(t)
	kept.get()
	l.terminate(t)
	if _, err := l.mustDial(t).get(); err != nil {
		t.Errorf("a late connection: %v, want it served", err)
	}
	for {
		goodbye, err := kept.get()
		if err != nil {
			t.Fatalf("the kept connection: %v, want a goodbye", err)
		}
		if goodbye {
			break
		}
	}
	l.Wait()
	if code := l.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
