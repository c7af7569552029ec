package pod

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

func TestCrashLoop(t *testing.T) {
	onStage(t, Config{}, func(s *stage) {
		time.Sleep(40 * time.Second)
		s.expect(
			"0s started", "0s ready", "1s exited 3",
			"1s restarted", "1s ready", "2s exited 3",
			"12s restarted", "12s ready", "13s exited 3",
			"33s restarted", "33s ready", "34s exited 3",
		)
		s.Terminate(30 * time.Second) // in the middle of a backoff
		<-s.Done()
		if got := s.cfg.Clock.Now(); got != 40*time.Second {
			s.Errorf("exited at %v, want at once", got)
		}
	}, fake{lifetime: time.Second})
}

func TestBackoff(t *testing.T) {
	want := []time.Duration{0, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 300 * time.Second, 300 * time.Second}
	for restarts, want := range want {
		if got := backoff(restarts); got != want {
			t.Errorf("backoff(%d) = %v, want %v", restarts, got, want)
		}
	}
}

// TestLivenessFails: the container is stopped as if it were deleted, within the
// probe's own grace period, and started again.
func TestLivenessFails(t *testing.T) {
	for _, grace := range []time.Duration{0, 5 * time.Second} {
		t.Run(grace.String(), func(t *testing.T) {
			live := execProbe("live", 10*time.Second, 3)
			live.Grace = grace
			killed := map[time.Duration]string{0: "50s", 5 * time.Second: "25s"}[grace]
			cfg := Config{Spec: manifest.Pod{Grace: 30 * time.Second, Liveness: live}}
			sick := fake{ignoresSignals: true, exec: func(context.Context, []string) error { return errors.New("deadlock") }}
			onStage(t, cfg, func(s *stage) {
				time.Sleep(55 * time.Second)
				s.expect("0s started", "0s ready", "20s signalled: liveness probe failed: deadlock",
					killed+" killed", killed+" exited 137 SIGKILL", killed+" restarted", killed+" ready")
			}, sick, fake{})
		})
	}
}

func TestStartupGatesTheOthers(t *testing.T) {
	var early atomic.Int32
	exec := func(_ context.Context, argv []string) error {
		if elapsed() >= 9*time.Second {
			return nil
		}
		if argv[0] != "started" {
			early.Add(1)
		}
		return errors.New("not yet")
	}
	cfg := Config{Spec: manifest.Pod{
		Startup:   execProbe("started", 2*time.Second, 30),
		Liveness:  execProbe("live", time.Second, 1),
		Readiness: execProbe("ready", time.Second, 1),
	}}
	onStage(t, cfg, func(s *stage) {
		time.Sleep(18 * time.Second)
		s.expect("0s started", "10s ready")
		if n := early.Load(); n != 0 {
			s.Errorf("%d probes ran before the startup probe had passed", n)
		}
	}, fake{exec: exec})
}

func TestStartupFails(t *testing.T) {
	cfg := Config{Spec: manifest.Pod{Startup: execProbe("started", time.Second, 3)}}
	onStage(t, cfg, func(s *stage) {
		time.Sleep(3 * time.Second)
		s.expect("0s started", "2s signalled caught: startup probe failed: no", "2s exited 0", "2s restarted", "2s ready")
	}, fake{exec: func(context.Context, []string) error { return errors.New("no") }}, fake{})
}

func TestReadinessThresholdsAndDelay(t *testing.T) {
	ready := execProbe("ready", 10*time.Second, 2)
	ready.InitialDelay, ready.SuccessThreshold = 5*time.Second, 2
	flap := func(context.Context, []string) error {
		if at := elapsed(); at > 30*time.Second && at < 60*time.Second {
			return errors.New("overloaded")
		}
		return nil
	}
	onStage(t, Config{Spec: manifest.Pod{Readiness: ready}}, func(s *stage) {
		time.Sleep(100 * time.Second)
		s.expect("0s started", "15s ready", "45s unready: overloaded", "1m15s ready")
	}, fake{exec: flap})
}

func TestProbeTimesOut(t *testing.T) {
	hang := func(ctx context.Context, _ []string) error { <-ctx.Done(); return ctx.Err() }
	cfg := Config{Spec: manifest.Pod{Readiness: execProbe("ready", 10*time.Second, 3)}}
	onStage(t, cfg, func(s *stage) {
		time.Sleep(time.Minute)
		s.expect("0s started", "100ms listening: 0.0.0.0:8080")
		if got, want := s.Status(), "its readiness probe fails: context deadline exceeded"; got != want {
			s.Errorf("seen %q, want %q", got, want)
		}
	}, fake{exec: hang, listens: addrs("0.0.0.0:8080")})
}

// TestAProbeDuringAStall: its time-out ran while this process got no processor,
// so the result does not count, whatever the failure threshold is.
func TestAProbeDuringAStall(t *testing.T) {
	probes := 0
	exec := func(context.Context, []string) error {
		if probes++; probes == 2 {
			time.Sleep(4 * time.Second)
			return context.DeadlineExceeded
		}
		return nil
	}
	onStage(t, Config{Spec: manifest.Pod{Liveness: execProbe("alive", 10*time.Second, 1)}}, func(s *stage) {
		time.Sleep(time.Minute)
		s.expect("0s started", "0s ready")
	}, fake{exec: exec})
}

func TestReadyByConnecting(t *testing.T) {
	tests := []struct {
		name    string
		port    int
		listens []string
		want    []string
		seen    string
	}{
		{"the port that it listens on", 0, []string{"[::]:8080"},
			[]string{"0s started", "100ms listening: [::]:8080", "100ms ready"}, "the process is running; no probe failure and no port problem seen"},
		{"the lowest that is not ephemeral", 0, []string{"127.0.0.1:6060", "0.0.0.0:8080", "0.0.0.0:9090", "0.0.0.0:40000"},
			[]string{"0s started", "100ms listening: 0.0.0.0:8080", "100ms ready"}, "the process is running; no probe failure and no port problem seen"},
		{"the port that was given", 9090, []string{"0.0.0.0:8080", "0.0.0.0:9090"},
			[]string{"0s started", "0s listening: 0.0.0.0:9090", "0s ready"}, "the process is running; no probe failure and no port problem seen"},
		{"nothing", 0, nil, []string{"0s started"}, "it does not listen on any TCP port"},
		{"nothing where a port was given", 8080, nil, []string{"0s started"}, "it does not listen on any TCP port; the Service sends connections to port 8080"},
		{"another port", 8080, []string{"0.0.0.0:9090"}, []string{"0s started"}, "it listens on 0.0.0.0:9090; the Service sends connections to port 8080"},
		{"only itself", 0, []string{"127.0.0.1:8080"}, []string{"0s started"}, "it listens on 127.0.0.1:8080, which no other host can reach; make it listen on 0.0.0.0"},
		{"only itself, on another port", 8080, []string{"127.0.0.1:9090"}, []string{"0s started"}, "it listens on 127.0.0.1:9090; the Service sends connections to port 8080"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := fake{listens: addrs(test.listens...)}
			if len(test.want) == 3 {
				f.conn = silentServer
			}
			cfg := Config{Port: test.port, ReadyByConnecting: true, Isolated: true}
			onStage(t, cfg, func(s *stage) {
				time.Sleep(time.Minute)
				s.expect(test.want...)
				if got := s.Status(); got != test.seen {
					s.Errorf("seen %q, want %q", got, test.seen)
				}
			}, f)
		})
	}
}

func TestSeenOfOneThatExits(t *testing.T) {
	onStage(t, Config{}, func(s *stage) {
		s.lines.Write([]byte("starting\npanic: no such table\n"))
		time.Sleep(5 * time.Second)
		if got, want := s.Status(), `it exited with code 3 after 1s; last output: "panic: no such table"`; got != want {
			s.Errorf("seen %q, want %q", got, want)
		}
	}, fake{lifetime: time.Second})
}
