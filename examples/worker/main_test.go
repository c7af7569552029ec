package main

import (
	"context"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) {
	first, second, counts := consumers(t)
	first.Signal(t, syscall.SIGTERM)
	first.EndedWell(t)
	result := counts()
	trial.CheckNothingLost(t, result, first)
	second.Signal(t, syscall.SIGTERM)
	second.EndedWell(t)
	reported, hungUp := strings.LastIndex(first.Log.String(), "reported"), strings.Index(first.Log.String(), "hanging up")
	if hungUp < reported {
		t.Errorf("the connections were closed before the last report:\n%s", first.Log)
	}
}

func TestALossIsSeen(t *testing.T) {
	first, _, counts := consumers(t)
	first.Signal(t, os.Kill)
	first.Wait(t)
	if result := counts(); result.Reasons["not-done"] == 0 {
		t.Errorf("a consumer was killed, and the queue misses nothing: %+v", result)
	}
}

// consumers starts two of them on one queue, which they keep busy.
func consumers(t *testing.T) (first, second *trial.Program, counts func() load.Result) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	first, second = trial.Start(t, "-queue", url), trial.Start(t, "-queue", url)
	counts = trial.Load(t, func(ctx context.Context, tally *load.Tally) { load.Queue(ctx, l, tally) })
	return first, second, counts
}
