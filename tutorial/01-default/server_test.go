package unhandled

import (
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/tutorial/internal/process"
)

func TestMain(m *testing.M) { process.TestMain(m, Main) }

func TestTheRequestInFlightIsCut(t *testing.T) {
	s := process.Start(t)
	c := s.MustDial(t)
	c.Get()
	c.Send()
	s.Terminate(t)
	if _, err := c.Answer(); err == nil {
		t.Error("the request in flight was answered")
	}
	s.Wait()
	if status := s.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("the process ended with %v, want by SIGTERM", s.ProcessState)
	}
}
