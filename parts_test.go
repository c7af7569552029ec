package lameduck

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/term"
)

func TestWorkerFinishesWhatItHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		jobs := 0
		p.AddWorker("mailer", func(ctx context.Context) error {
			for {
				select {
				case <-Draining(ctx):
					return nil
				default:
				}
				time.Sleep(15 * time.Second) // a job
				if ctx.Err() != nil {
					t.Error("the context ended in the middle of a job")
				}
				jobs++
			}
		})
		x := start(t, p, ok)
		time.Sleep(40 * time.Second) // into the third job
		x.terminate()
		x.endsAt(10 * time.Second) // the job ends after 5 s, within Delay
		if jobs != 3 {
			t.Errorf("%d jobs done, want 3", jobs)
		}
	})
}

func TestStuckWorkerIsCutAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		p.AddWorker("stuck", func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
		x := start(t, p, ok)
		x.terminate()
		took, err := x.end()
		if took < 27*time.Second || took > 30*time.Second || !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), `worker "stuck"`) {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
	})
}

func TestFailingWorkerTerminatesTheProcess(t *testing.T) {
	broken := errors.New("broken")
	workers := map[string]func(context.Context) error{
		"error": func(context.Context) error { return broken },
		"panic": func(context.Context) error { panic(broken) },
	}
	for name, work := range workers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &Process{}
				p.AddWorker("fetcher", func(ctx context.Context) error {
					time.Sleep(time.Minute)
					return work(ctx)
				})
				x := start(t, p, ok)
				x.t0 = time.Now().Add(time.Minute)
				took, err := x.end()
				if err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(err.Error(), `worker "fetcher"`) {
					t.Errorf("Run: %v", err)
				}
				if took < 10*time.Second || took > 11*time.Second {
					t.Errorf("ended %v after the failure, want the whole lame duck", took)
				}
			})
		})
	}
}

func TestWorkerThatIsDoneEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		p.AddWorker("migration", func(context.Context) error { return nil })
		x := start(t, p, ok)
		time.Sleep(time.Hour)
		x.mustGet(x.mustDial(), "/")
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

func TestClosersRunInReverseOrderAfterTheLastRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		p := &Process{}
		for _, name := range []string{"database", "cache", "queue"} {
			p.AddCloser(name, func(context.Context) error {
				order = append(order, name)
				return nil
			})
		}
		x := start(t, p, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(12 * time.Second)
			order = append(order, "request")
			w.Header().Set("Connection", "close")
		})
		go x.mustDial().get("/")
		synctest.Wait()
		x.terminate()
		x.endsAt(12 * time.Second)
		if want := []string{"request", "queue", "cache", "database"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
	})
}

func TestStuckCloserDoesNotTakeTheNextOnesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		var left time.Duration
		p.AddCloser("logs", func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return nil
		})
		forever := make(chan struct{})
		p.AddCloser("stuck", func(context.Context) error { <-forever; return nil })
		p.AddCloser("broken", func(context.Context) error { panic("as intended") })
		x := start(t, p, ok)
		x.terminate()
		took, err := x.end()
		close(forever)
		if !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), `closer "stuck"`) || !strings.Contains(err.Error(), `closer "broken": panic: as intended`) {
			t.Errorf("Run: %v", err)
		}
		if left < 5*time.Second || took > 30*time.Second {
			t.Errorf("the last closer had %v, all ended %v after T0", left, took)
		}
	})
}

func TestBadClocksAreAnErrorAtOnce(t *testing.T) {
	tests := []struct {
		name, value string
		p           *Process
		want        string
	}{
		{"LAMEDUCK_DELAY", "soon", &Process{}, `LAMEDUCK_DELAY="soon" is not a duration such as 10s`},
		{"LAMEDUCK_GRACE", "60", &Process{}, `LAMEDUCK_GRACE="60" is not a duration`},
		{"LAMEDUCK_QUIET", "-1s", &Process{}, `LAMEDUCK_QUIET="-1s" is not`},
		{"LAMEDUCK_GRACE", "10s", &Process{}, "delay 10s and reserve 3s do not fit into the grace period 10s\nhint: set terminationGracePeriodSeconds of the pod, and with it Grace (or LAMEDUCK_GRACE), to more than delay plus reserve plus the time that requests take, for example 23s; or set Delay (or LAMEDUCK_DELAY) to less than 7s"},
		{"LAMEDUCK_SPREAD", "1s", &Process{Delay: time.Minute}, "delay 1m0s and reserve 3s do not fit into the grace period 30s\nhint: "},
		{"LAMEDUCK_DELAY", "2562047h47m16s", &Process{}, "to more than delay plus reserve; or set Delay (or LAMEDUCK_DELAY) to less than 27s"},
	}
	for _, test := range tests {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Setenv(test.name, test.value)
			err := test.p.Run(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Run: %v, want %s", err, test.want)
			}
		})
	}
}

func TestKnobsOverrideTheProgram(t *testing.T) {
	t.Setenv("LAMEDUCK_DELAY", "0s")
	t.Setenv("LAMEDUCK_GRACE", "1m")
	p := Process{Delay: time.Hour, Quiet: -1}
	got, err := p.resolve()
	if want := (term.Clocks{Spread: 3 * time.Second, Grace: time.Minute, Reserve: 3 * time.Second}); got != want || err != nil {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// A program may give the variables itself, or none: then those of the process mean
// nothing.
func TestEnvInsteadOfTheEnvironment(t *testing.T) {
	t.Setenv("LAMEDUCK_DELAY", "never")
	t.Setenv("LAMEDUCK_QUIET", "1h")
	for _, test := range []struct {
		env  []string
		want time.Duration // Delay; -1: an error
	}{
		{nil, -1},
		{[]string{}, 4 * time.Second},
		{[]string{"LAMEDUCK_DELAY=5s", "OTHER=1", "LAMEDUCK_DELAY=6s", "LAMEDUCK"}, 6 * time.Second}, // the last, as with exec.Cmd
		{[]string{"LAMEDUCK_DELAY=soon"}, -1},
	} {
		p := Process{Delay: 4 * time.Second, Env: test.env}
		got, err := p.resolve()
		if (err != nil) != (test.want < 0) || err == nil && (got.Delay != test.want || got.Quiet != 2*time.Second) {
			t.Errorf("%q: %+v, %v, want a Delay of %v", test.env, got, err, test.want)
		}
	}
}

func TestPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var p Process
	p.AddHTTP(&http.Server{}, other)
	p.AddHTTP(&http.Server{Addr: taken.Addr().String()})
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("Run: %v", err)
	}
	if _, err := other.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error("the other listener was left open")
	}
}

func TestListenerThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		x.t0 = time.Now()
		x.l.Close()
		if took, err := x.end(); !errors.Is(err, net.ErrClosed) || took < 10*time.Second {
			t.Errorf("ended %v after the failure with %v", took, err)
		}
	})
}

func TestTerminationMessage(t *testing.T) {
	terminationLog := filepath.Join(t.TempDir(), "termination-log")

	run := func() {
		synctest.Test(t, func(t *testing.T) {
			x := start(t, &Process{TerminationLog: terminationLog}, ok)
			x.terminate()
			time.Sleep(3 * time.Second)
			x.mustGet(x.mustDial(), "/")
			x.endsAt(10 * time.Second)
		})
	}
	run()
	if _, err := os.Stat(terminationLog); !errors.Is(err, os.ErrNotExist) {
		t.Error("a termination log was made where there was none")
	}
	if err := os.WriteFile(terminationLog, []byte(strings.Repeat("old", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	run()
	got, err := os.ReadFile(terminationLog)
	want := "lameduck: by=context: test after=10s late_connections=1 late_requests=1 closed_idle=0 last_late_connection=3s last_late_request=3s cut=0\n"
	if string(got) != want || err != nil {
		t.Errorf("%q, %v\nwant %q", got, err, want)
	}
}

func TestWhatIsNotServedIsRefused(t *testing.T) {
	h2 := new(http.Protocols)
	h2.SetHTTP2(true)
	certificates := make([]tls.Certificate, 1)
	echo := map[string]func(*http.Server, *tls.Conn, http.Handler){"echo/1": func(*http.Server, *tls.Conn, http.Handler) {}}
	for want, srv := range map[string]*http.Server{
		`TLSNextProto has "echo/1"`:      {TLSNextProto: echo, TLSConfig: &tls.Config{Certificates: certificates, NextProtos: []string{"echo/1"}}},
		"has no certificate":             {TLSConfig: &tls.Config{}},
		"none that is served in clear":   {Protocols: h2},
		"neither HTTP/1 nor HTTP/2, and": {Protocols: new(http.Protocols), TLSConfig: &tls.Config{Certificates: certificates}},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p := Process{Delay: -1}
		p.AddHTTP(srv, l)
		if err := p.Run(expired()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run: %v, want one about %s", err, want)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error("the listener was left open")
		}
	}
}

// The hooks of a server that is there already still work, and see the
// connection as its listener made it.
func TestHooksOfTheServerAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var states []http.ConnState
		l := newMemListener()
		var p Process
		p.AddHTTP(&http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Context().Value(key{}) != "base" {
					t.Error("the base context is lost")
				}
			}),
			BaseContext: func(its net.Listener) context.Context {
				if its != net.Listener(l) {
					t.Errorf("BaseContext is given a %T, want the listener of the program", its)
				}
				return context.WithValue(t.Context(), key{}, "base")
			},
			ConnContext: func(ctx context.Context, c net.Conn) context.Context {
				if link.Of(c) != nil {
					t.Error("ConnContext was given a wrapped connection")
				}
				return ctx
			},
			ConnState: func(c net.Conn, s http.ConnState) {
				if link.Of(c) != nil {
					t.Error("ConnState was given a wrapped connection")
				}
				states = append(states, s)
			},
		}, l)
		ctx, cancel := context.WithCancel(t.Context())
		x := &trial{Process: &p, t: t, l: l, ended: make(chan error, 1), cancel: func(error) { cancel() }}
		go func() { x.ended <- p.Run(ctx) }()
		synctest.Wait()
		x.mustGet(x.mustDial(), "/", "Connection: close")
		x.terminate()
		x.endsAt(10 * time.Second)
		if want := []http.ConnState{http.StateNew, http.StateActive, http.StateClosed}; !slices.Equal(states, want) {
			t.Errorf("states %v, want %v", states, want)
		}
	})
}
