package clients

import (
	"bytes"
	"cmp"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// need skips the test if a program is not installed. It returns its path.
func need(t *testing.T, program, debian string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: make conformance, as root, installs Debian's %s", program, debian)
	}
	return path
}

// A result is the output of a client program.
type result struct {
	stdout, stderr string
	code           int
}

// limit is how long a client may take. None should come near it.
const limit = 2 * time.Minute

// run runs a client to its end.
func run(t *testing.T, program string, args ...string) result {
	t.Helper()
	c := start(t, program, args...)
	return c.wait(t)
}

// A client is a program that runs until it ends, or the test.
type client struct {
	*exec.Cmd
	end      syscall.Signal
	out, err transcript
	ended    chan error
}

// A transcript is what a program has written so far.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *transcript) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// awaitOut waits until the program has written what matches.
func (c *client) awaitOut(t *testing.T, what *regexp.Regexp) { t.Helper(); c.await(t, &c.out, what) }
func (c *client) awaitErr(t *testing.T, what *regexp.Regexp) { t.Helper(); c.await(t, &c.err, what) }

func (c *client) await(t *testing.T, in *transcript, what *regexp.Regexp) {
	t.Helper()
	for begin := time.Now(); !what.MatchString(in.String()); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > limit {
			t.Fatalf("%v has not printed %q:\n%s\n%s", c, what, tail(c.out.String()), tail(c.err.String()))
		}
	}
}

// start starts a program, whose process ends with ours.
func start(t *testing.T, program string, args ...string) *client {
	t.Helper()
	return startCmd(t, exec.Command(program, args...), syscall.SIGKILL)
}

// startCmd is start for one that is to be ended with another signal.
func startCmd(t *testing.T, cmd *exec.Cmd, end syscall.Signal) *client {
	t.Helper()
	c := &client{Cmd: cmd, end: end, ended: make(chan error, 1)}
	c.Stdout, c.Stderr = &c.out, &c.err
	c.WaitDelay = time.Second
	started := make(chan error)
	go func() {
		defer tie(c.Cmd, end)()
		err := c.Start()
		started <- err
		if err == nil {
			c.ended <- c.Wait()
			close(c.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

// kill ends the program if it has not ended, and waits for that.
func (c *client) kill() {
	c.Process.Signal(c.end)
	defer time.AfterFunc(limit, func() { c.Process.Kill() }).Stop()
	for range c.ended {
	}
}

// wait waits for the end of the program.
func (c *client) wait(t *testing.T) result {
	t.Helper()
	select {
	case err := <-c.ended:
		r := result{stdout: c.out.String(), stderr: c.err.String(), code: c.ProcessState.ExitCode()}
		if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
			t.Fatalf("%v: %v", c, err)
		}
		return r
	case <-time.After(limit):
		t.Fatalf("%v has not ended after %v", c, limit)
		return result{}
	}
}

// ok fails the test unless the program exited with code 0.
func (r result) ok(t *testing.T) {
	t.Helper()
	if r.code != 0 {
		t.Errorf("exit code %d", r.code)
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", tail(r.stdout), tail(r.stderr))
	}
}

// tail is the end of a long text.
func tail(s string) string {
	lines := strings.SplitAfter(s, "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "")
}

// version logs the first line that a program prints about itself.
func version(t *testing.T, program, flag string) {
	t.Helper()
	r := run(t, program, flag)
	line, _, _ := strings.Cut(cmp.Or(r.stdout, r.stderr), "\n")
	t.Log(line)
}
