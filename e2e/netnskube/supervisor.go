//go:build linux

package netnskube

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// stopPatience is how long a component may take to end on SIGTERM.
	stopPatience = 10 * time.Second
	// healthPatience is how long it may take until it is healthy. It takes a
	// second or four; a machine under heavy load gets the rest.
	healthPatience = 2 * time.Minute
	// pollEvery is how often we ask whether something is there yet.
	pollEvery = 50 * time.Millisecond
)

// supervisor runs a node's components and reaps its orphans. Its exported
// methods are what a keeper, or the restart command, can ask for by net/rpc.
//
// One goroutine waits for whatever child ends, as PID 1 must: os/exec would wait
// for its own, and one would take the other's.
type supervisor struct {
	mu         sync.Mutex
	components map[string]*component
}

type component struct {
	Component
	pid    int
	ended  chan struct{} // closed when it has ended
	status syscall.WaitStatus
}

// Restart is a component to be started again, with flags besides its own.
type Restart struct {
	Name  string
	Extra []string
}

func newSupervisor() *supervisor { return &supervisor{components: map[string]*component{}} }

// Start starts a component, and answers when it is healthy or has ended.
func (s *supervisor) Start(c Component, _ *struct{}) error {
	return s.start(c, nil)
}

// Restart stops a component and starts it again, with the flags it first had
// and the extra ones after them. The extra ones of an earlier restart are gone.
// It answers when the component is healthy or has ended.
func (s *supervisor) Restart(r Restart, _ *struct{}) error {
	s.mu.Lock()
	c := s.components[r.Name]
	s.mu.Unlock()
	if c == nil {
		return fmt.Errorf("no component %q on this node", r.Name)
	}
	if err := s.stop(c); err != nil {
		return err
	}
	return s.start(c.Component, r.Extra)
}

// Names answers with the names of the node's components.
func (s *supervisor) Names(_ struct{}, names *[]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.components {
		*names = append(*names, name)
	}
	slices.Sort(*names)
	return nil
}

// Alive answers with an error if a component has ended.
func (s *supervisor) Alive(_ struct{}, _ *struct{}) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.components {
		if err := c.hasEnded(); err != nil {
			return err
		}
	}
	return nil
}

func (c *component) hasEnded() error {
	select {
	case <-c.ended:
		return fmt.Errorf("%s has ended (%s): %s", c.Name, describe(c.status), logEnd(c.Log))
	default:
		return nil
	}
}

func (s *supervisor) start(c Component, extra []string) error {
	started, err := s.fork(c, extra)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	return started.awaitHealth()
}

// awaitHealth asks a component until it reports that it is healthy.
func (c *component) awaitHealth() error {
	deadline := time.After(healthPatience)
	for {
		err := askHealth(c.Health)
		if err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return c.hasEnded()
		case <-time.After(pollEvery):
		case <-deadline:
			return fmt.Errorf("%s is not healthy after %v: %w", c.Name, healthPatience, err)
		}
	}
}

func (s *supervisor) fork(c Component, extra []string) (*component, error) {
	if err := os.MkdirAll(filepath.Dir(c.Log), 0o755); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	s.mu.Lock() // the reaper waits until the child is known
	defer s.mu.Unlock()
	pid, err := syscall.ForkExec(c.Argv[0], slices.Concat(c.Argv, extra), &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{"PATH=" + filepath.Dir(c.Argv[0]) + ":/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"},
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, err
	}
	started := &component{Component: c, pid: pid, ended: make(chan struct{})}
	s.components[c.Name] = started
	return started, nil
}

// stop ends a component and waits until it has.
func (s *supervisor) stop(c *component) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		s.signal(c, sig)
		select {
		case <-c.ended:
			return nil
		case <-time.After(stopPatience):
		}
	}
	return errors.New(c.Name + " does not end")
}

// signal signals a component that has not ended. It keeps the reaper away
// meanwhile, so that the PID is still the component's.
func (s *supervisor) signal(c *component, sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-c.ended:
	default:
		_ = syscall.Kill(c.pid, sig) // cannot fail: it is our child, and not reaped
	}
}

// reap collects the children of PID 1, components and orphans alike.
func (s *supervisor) reap() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for range ended {
		s.collect()
	}
}

func (s *supervisor) collect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		for _, c := range s.components {
			if c.pid == pid {
				c.pid, c.status = 0, status
				close(c.ended)
			}
		}
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}
