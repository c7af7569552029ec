package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/examples/load"
)

// propagation is for how long new connections are still sent to a process that
// terminates, as in a cluster. It is less than their delay.
const (
	propagation = 150 * time.Millisecond
	delay       = 900 * time.Millisecond
)

// A chain is a succession of processes, and the clients that are sent to the current one.
type chain struct {
	current atomic.Pointer[process]
}

// chain runs one until the terminations that are wanted have begun.
func (s *soak) chain(ctx context.Context) error {
	first, err := start(ctx)
	if err != nil {
		return err
	}
	c := &chain{}
	c.current.Store(first)
	clients, leave := context.WithCancel(ctx)
	defer leave()
	var group sync.WaitGroup
	for name, run := range protocols {
		group.Go(func() {
			run(clients, func(ctx context.Context) (net.Conn, error) { return c.dial(ctx, name) }, s.loads[name])
		})
	}
	time.Sleep(time.Second) // the clients are under way
	for ctx.Err() == nil && s.begun.Add(1) <= s.wanted {
		if err = s.replace(ctx, c); err != nil {
			break
		}
	}
	leave()
	group.Wait()
	c.current.Load().stop()
	return err
}

// replace terminates the current process.
func (s *soak) replace(ctx context.Context, c *chain) error {
	next, err := start(ctx)
	if err != nil {
		return err
	}
	old := c.current.Load()
	signalled := time.Now()
	if err := old.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	time.Sleep(propagation)
	c.current.Store(next)
	if took := time.Since(signalled); took > delay {
		s.late.Add(1)
		fmt.Fprintf(os.Stderr, "soak: this machine was late: new connections went to a process for %v after its SIGTERM, and it may listen for %v only\n", took.Round(time.Millisecond), delay)
	}
	if err := old.wait(); err != nil {
		s.failed.Add(1)
		fmt.Fprintf(os.Stderr, "soak: a process ended with %v\n", err)
	}
	s.ended.Add(1)
	return nil
}

func (c *chain) dial(ctx context.Context, protocol string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", c.current.Load().addrs[protocol])
}

// protocols are those that one process serves.
var protocols = map[string]load.Load{
	"http": load.HTTP, "websocket": load.WebSocket, "sse": load.SSE, "longpoll": load.LongPoll,
	"h2c": load.H2C, "tls": load.TLS, "grpc": load.GRPC, "tcp": load.TCP,
}

// A process is a child that serves.
type process struct {
	cmd   *exec.Cmd
	stdin interface{ Close() error } // the child ends when it is closed
	addrs map[string]string          // by protocol
}

func start(ctx context.Context) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.addrs)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("a child did not print its addresses: %w", err)
	}
	return p, ctx.Err()
}

func (p *process) wait() error {
	defer p.stdin.Close()
	return p.cmd.Wait()
}

func (p *process) stop() {
	p.cmd.Process.Kill()
	p.wait()
}
