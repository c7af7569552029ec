package drain

import (
	"testing"

	"github.com/lameduck-dev/lameduck/tutorial/internal/process"
)

func TestMain(m *testing.M) { process.TestMain(m, Main) }

func TestEveryConnectionIsServedAndAskedToClose(t *testing.T) {
	s := process.Start(t, "LAMEDUCK_DELAY=1s", "LAMEDUCK_QUIET=200ms", "LAMEDUCK_SPREAD=200ms")
	kept := s.MustDial(t)
	kept.Get()
	s.Terminate(t)
	if _, err := s.MustDial(t).Get(); err != nil {
		t.Errorf("a late connection: %v, want it served", err)
	}
	for {
		closes, err := kept.Get()
		if err != nil {
			t.Fatalf("the kept connection: %v, want Connection: close", err)
		}
		if closes {
			break
		}
	}
	s.MustExit(t)
}
