package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A child is a server in a process of its own. It ends with its context, with
// stop, and with this process: its standard input closes then, and on Linux the kernel
// kills it.
type child struct {
	addr   string // host:port
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	exited chan struct{}
	at     time.Time // when it exited; read it after exited
	err    error
}

// startChild starts a server and returns when it listens. procs is its
// GOMAXPROCS, 0 for the default.
func startChild(ctx context.Context, r role, procs int) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self), exited: make(chan struct{})}
	// The race detector, where it is on, would sleep for a second at exit.
	c.cmd.Env = append(cleanEnv(), roleVariable+"="+string(text), "GORACE=atexit_sleep_ms=0")
	if procs > 0 {
		c.cmd.Env = append(c.cmd.Env, "GOMAXPROCS="+strconv.Itoa(procs))
	}
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = dieWithParent()
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.addr, err = c.line()
	go c.wait()
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("%s has started but does not listen: %w", r.Kind, err)
	}
	return c, nil
}

// cleanEnv is the environment without the knobs of an operator, which would
// override the clocks of the measurement.
func cleanEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "LAMEDUCK_") })
}

func (c *child) wait() {
	c.err = c.cmd.Wait()
	c.at = time.Now()
	close(c.exited)
}

func (c *child) line() (string, error) {
	s, err := c.out.ReadString('\n')
	return strings.TrimSpace(s), err
}

// cpu is the processor time the child has used, 0 where that is not known.
func (c *child) cpu() (time.Duration, error) {
	ns, err := c.number("cpu")
	return time.Duration(ns), err
}

// number asks the child for a number.
func (c *child) number(of string) (int64, error) {
	if _, err := fmt.Fprintln(c.in, of); err != nil {
		return 0, err
	}
	s, err := c.line()
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(s, 10, 64)
}

// terminate sends SIGTERM and returns how long the child took to exit. It is
// an error if it did not exit with code 0.
func (c *child) terminate(ctx context.Context) (time.Duration, error) {
	t0 := time.Now()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, fmt.Errorf("cannot send SIGTERM: %w", err)
	}
	select {
	case <-c.exited:
		return c.at.Sub(t0), c.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("the process has not exited a minute after SIGTERM")
	}
}

// terminateWithin sends SIGTERM, and SIGKILL when the budget is over, as the
// kubelet would. The exit code of the child does not matter.
func (c *child) terminateWithin(ctx context.Context, budget time.Duration) (took time.Duration, killed bool, err error) {
	t0 := time.Now()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, false, fmt.Errorf("cannot send SIGTERM: %w", err)
	}
	select {
	case <-c.exited:
	case <-ctx.Done():
		return 0, false, context.Cause(ctx)
	case <-time.After(budget):
		killed = true
		c.stop()
	}
	return c.at.Sub(t0), killed, nil
}

// stop kills the child if it has not exited.
func (c *child) stop() {
	c.in.Close()
	c.cmd.Process.Kill()
	<-c.exited
}
