package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const asWorker = "LAMEDUCK_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "" {
		os.Exit(m.Run())
	}
	if err := Main(context.Background(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "lameduck:", err)
		os.Exit(1)
	}
}

// server counts its requests.
type server struct {
	*httptest.Server
	requests atomic.Int64
}

func newServer(t *testing.T) *server {
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.requests.Add(1) }))
	t.Cleanup(s.Close)
	return s
}

// start is a command to send 100 requests a second.
func (s *server) start() wire.Command {
	spec := traffic.Spec{Load: timeline.Load{Patterns: []string{"new"}, Rate: 100}}
	return wire.Command{Start: &wire.Assignment{Targets: []string{s.Listener.Addr().String()}, Spec: spec}}
}

// TestSilentCoordinator: a worker that receives no more commands ends.
func TestSilentCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, commands := io.Pipe()
		w := newWorker(wire.Hello{}, timeline.NewClock(), io.Discard)
		go func() {
			_ = wire.Write(commands, wire.Command{Hello: true})
			<-w.ctx.Done()
			commands.Close()
		}()
		if err := w.serve(t.Context(), in); err != errSilent {
			t.Errorf("the worker ended because %v", err)
		}
	})
}

// TestNotDone: a worker that ends during a run does not report that it is done.
func TestNotDone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var stdout bytes.Buffer
	ctx, quit := context.WithCancelCause(t.Context())
	in, commands := io.Pipe()
	defer commands.Close()
	go func() {
		_ = wire.Write(commands, s.start())
		for s.requests.Load() <= 10 {
			time.Sleep(time.Millisecond)
		}
		quit(errors.New("killed"))
	}()
	if err := Run(ctx, wire.Hello{}, timeline.NewClock(), in, &stdout); err == nil {
		t.Error("it ended as if all was well")
	}
	if text := stdout.String(); strings.Contains(text, `"done"`) || !strings.Contains(text, `{"failed":"killed"}`) {
		t.Errorf("stdout has %s", text)
	}
}
