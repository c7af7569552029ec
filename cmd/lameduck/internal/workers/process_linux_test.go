package workers

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// processes are workers that are processes, each with an address of its own.
type processes struct {
	mu  sync.Mutex
	all map[string]*exec.Cmd
}

// addresses counts those given to workers.
var addresses atomic.Int32

// attach is what a container runtime does: the streams are the process's, and
// its stdin ends with the stream.
func (p *processes) attach(ctx context.Context, pod string, in io.Reader, out, errw io.Writer) error {
	cmd := exec.Command(os.Args[0])
	address := fmt.Sprintf("127.%d.%d.%d", 1+os.Getpid()>>8&0x7f, os.Getpid()&0xff, addresses.Add(1))
	cmd.Env = append(os.Environ(), asWorker+"=1", wire.EnvPod+"="+pod, wire.EnvNode+"=node", wire.EnvIP+"="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdout, cmd.Stderr = out, errw
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.mu.Lock()
	p.all[pod] = cmd
	p.mu.Unlock()
	defer context.AfterFunc(ctx, func() { stdin.Close() })()
	go func() { _, _ = io.Copy(stdin, in) }()
	return cmd.Wait()
}

func (p *processes) signal(pod string, s os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[pod].Process.Signal(s)
}

// TestProcesses: workers that are processes of their own send what the server
// sees; one that is killed, or gets a signal, is named.
func TestProcesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signal  os.Signal
		message string
	}{
		"left alone": {nil, ""},
		"killed":     {syscall.SIGKILL, "lost worker lameduck-workers-t-1: signal: killed"},
		"terminated": {syscall.SIGTERM, "lost worker lameduck-workers-t-1: terminated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, k, rec, p := newServer(t), newCluster(t), new(recorder), &processes{all: map[string]*exec.Cmd{}}
			cfg := k.config(3)
			cfg.attach = p.attach
			pool, err := Start(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			env := rec.env()
			stop, err := pool.Load(t.Context(), []string{s.address}, busySpec(), env)
			if err != nil {
				t.Fatal(err)
			}
			rec.waitFor(t, 120)
			if c.signal != nil {
				if err := p.signal("lameduck-workers-t-1", c.signal); err != nil {
					t.Fatal(err)
				}
				<-pool.Lost()
			}
			switch err := stop(); {
			case c.message == "" && err != nil:
				t.Error(err)
			case c.message == "":
				checkAttempts(t, rec.attempts, s, 0, env.Clock.Now(), worst(pool))
			case err == nil || !strings.Contains(err.Error(), c.message):
				t.Errorf("the error is: %v", err)
			}
			if err := pool.Close(); err != nil {
				t.Error(err)
			}
			for pod, cmd := range p.all {
				if cmd.ProcessState == nil {
					t.Errorf("%s still runs", pod)
				} else if code := cmd.ProcessState.ExitCode(); c.signal == nil && code != 0 {
					t.Errorf("%s ended with exit code %d", pod, code)
				}
			}
		})
	}
}
