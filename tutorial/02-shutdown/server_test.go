package shutdown

import (
	"testing"

	"github.com/lameduck-dev/lameduck/tutorial/internal/process"
)

func TestMain(m *testing.M) { process.TestMain(m, Main) }

func TestLateConnectionsAreRefused(t *testing.T) {
	s := process.Start(t)
	c := s.MustDial(t)
	c.Get()
	c.Send() // in flight, it keeps the process alive; or it comes too late and is lost
	s.Terminate(t)
	for { // until it has stopped listening
		if _, err := s.Dial(t); err != nil {
			break
		}
	}
	s.MustExit(t)
}
