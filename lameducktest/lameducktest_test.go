package lameducktest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/lameducktest"
)

// events is a handler as the tests of a program would test it.
func events(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			io.WriteString(w, "tick ")
			http.NewResponseController(w).Flush()
		case <-lameduck.Draining(r.Context()):
			io.WriteString(w, "bye")
			return
		case <-r.Context().Done():
			return
		}
	}
}

func TestWithDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, drain := lameducktest.WithDraining(t.Context())
		w := httptest.NewRecorder()
		time.AfterFunc(2500*time.Millisecond, drain)
		events(w, httptest.NewRequestWithContext(ctx, "GET", "/events", nil))
		if got := w.Body.String(); got != "tick tick bye" {
			t.Errorf("%q", got)
		}
		drain() // again
		drained, _ := lameducktest.WithDraining(ctx)
		select {
		case <-lameduck.Draining(drained):
			t.Error("the inner one is drained by the outer one")
		default:
		}
	})
}

// A whole termination with the default clocks takes no time in a bubble.
func TestTermination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lameducktest.NewListener(t)
		var phases []lameduck.Phase
		p := &lameduck.Process{Observe: func(s lameduck.Status) { phases = append(phases, s.Phase) }}
		p.AddHTTP(&http.Server{Handler: http.HandlerFunc(events)}, l)
		flushed := false
		p.AddCloser("flush", func(context.Context) error { flushed = true; return nil })
		run := lameducktest.Start(t, p)
		if phase := p.Status().Phase; phase != lameduck.PhaseServing {
			t.Errorf("Start has returned in phase %q", phase)
		}

		res, err := l.Client().Get("http://test/events")
		if err != nil {
			t.Fatal(err)
		}
		body := make(chan string)
		go func() {
			b, err := io.ReadAll(res.Body)
			body <- string(b)
			if err != nil {
				t.Error(err)
			}
		}()
		began := time.Now()
		p.Terminate("the test")
		if got := <-body; len(got) < 3 || got[len(got)-3:] != "bye" {
			t.Errorf("the stream ended with %q", got)
		}
		if took := time.Since(began); took > 3*time.Second+100*time.Millisecond {
			t.Errorf("asked to leave %v after T0, Spread is 3 s", took)
		}
		if err := run.Wait(); err != nil || !flushed {
			t.Errorf("Run: %v, flushed: %v", err, flushed)
		}
		if took := time.Since(began); took < 10*time.Second {
			t.Errorf("ended %v after T0, Delay is 10 s", took)
		}
		if err := run.Terminate(); err != nil { // after the end
			t.Error(err)
		}
		if len(phases) != 5 || phases[4] != lameduck.PhaseEnded {
			t.Errorf("observed %q", phases)
		}
		if _, err := l.Client().Get("http://test/events"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// What ignores its context is an error of Terminate.
func TestTerminationThatCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lameducktest.NewListener(t)
		p := &lameduck.Process{}
		p.AddHTTP(&http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}, l)
		run := lameducktest.Start(t, p)
		go l.Client().Get("http://test/stuck")
		synctest.Wait()
		var cut *lameduck.CutError
		if err := run.Terminate(); !errors.As(err, &cut) || len(cut.Work) != 1 || cut.Work[0].Name != "GET /stuck" || cut.Work[0].Kind != lameduck.KindRequest {
			t.Errorf("Terminate: %v", err)
		}
	})
}

// The environment of the test does not hold, and that which p has does.
func TestEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("LAMEDUCK_DELAY", "never")
	for want, env := range map[time.Duration][]string{10 * time.Second: nil, 5 * time.Second: {"LAMEDUCK_DELAY=5s"}} {
		synctest.Test(t, func(t *testing.T) {
			p := &lameduck.Process{Env: env}
			run := lameducktest.Start(t, p)
			began := time.Now()
			if err := run.Terminate(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began).Round(time.Second); took != want {
				t.Errorf("the lame duck took %v, want %v", took, want)
			}
		})
	}
}

// A test that forgets the end leaves nothing behind: the bubble would fail, and wait
// for what is in flight.
func TestProcessThatIsLeftRunning(t *testing.T) {
	var p lameduck.Process
	synctest.Test(t, func(t *testing.T) {
		l := lameducktest.NewListener(t)
		p.AddHTTP(&http.Server{Handler: http.HandlerFunc(events)}, l)
		lameducktest.Start(t, &p)
		go func() {
			if res, err := l.Client().Get("http://test/events"); err == nil {
				res.Body.Close()
			}
		}()
		synctest.Wait()
	})
	if s := p.Status(); s.Phase != lameduck.PhaseEnded {
		t.Errorf("in phase %q", s.Phase)
	}
}

// Outside of a bubble, over a socket.
func TestTerminationOverTCP(t *testing.T) {
	p := &lameduck.Process{Delay: -1, Quiet: -1}
	p.AddHTTP(&http.Server{Addr: "127.0.0.1:0", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })})
	run := lameducktest.Start(t, p)
	res, err := http.Get("http://" + p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(res.Body); string(b) != "ok" {
		t.Errorf("%q", b)
	}
	res.Body.Close()
	if err := run.Terminate(); err != nil {
		t.Error(err)
	}
}

// fatal is a test that is watched: its Fatal ends it, and not the one that watches.
type fatal struct {
	*testing.T
	failed chan string
}

func (f fatal) Fatal(args ...any) {
	f.failed <- args[0].(error).Error()
	select {}
}

func TestStartThatFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := &lameduck.Process{}
	p.AddHTTP(&http.Server{Addr: taken.Addr().String()})
	f := fatal{t, make(chan string)}
	go lameducktest.Start(f, p)
	if reason := <-f.failed; reason == "" {
		t.Error("no reason")
	}
}

func TestDialThatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lameducktest.NewListener(t) // nothing accepts
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.Dial(ctx, "tcp", "test:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		l.Close()
		l.Close()
		if _, err := l.Dial(t.Context(), "tcp", "test:80"); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
