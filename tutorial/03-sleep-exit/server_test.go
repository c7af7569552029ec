package sleepexit

import (
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/tutorial/internal/process"
)

func TestMain(m *testing.M) { process.TestMain(m, Main) }

func TestLateConnectionsAreServedAndKeptOnesCut(t *testing.T) {
	s := process.Start(t)
	kept := s.MustDial(t)
	kept.Get()
	s.Terminate(t)
	if _, err := s.MustDial(t).Get(); err != nil {
		t.Errorf("a late connection: %v, want it served", err)
	}
	for { // until the exit cuts the connection
		closes, err := kept.Get()
		if err != nil {
			break
		}
		if closes {
			t.Fatal("the kept connection was asked to close")
		}
		time.Sleep(100 * time.Millisecond) // ten requests a second; the cut is found by the next
	}
	s.MustExit(t)
}
