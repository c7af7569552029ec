package pod

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// TestTermination follows the kubelet through the termination of a pod that is
// deleted a minute after it started.
func TestTermination(t *testing.T) {
	const s = time.Second
	broken := func(context.Context, []string) error { return errors.New(`"drain" exited with 1`) }
	hang := func(ctx context.Context, _ []string) error { <-ctx.Done(); return ctx.Err() }
	exec := &manifest.Handler{Exec: []string{"drain"}}
	tests := []struct {
		name  string
		hook  *manifest.Handler
		grace time.Duration
		fake  fake
		want  []string
	}{
		{"it ends in time", nil, 30 * s, fake{linger: 3 * s},
			[]string{"1m0s signalled caught", "1m3s exited 0"}},
		{"it ignores the signal", nil, 5 * s, fake{ignoresSignals: true},
			[]string{"1m0s signalled", "1m5s killed", "1m5s exited 137 SIGKILL"}},
		{"its handler removes itself and raises the signal again", nil, 5 * s, fake{forgets: true},
			[]string{"1m0s signalled caught", "1m5s killed uncaught", "1m5s exited 137 SIGKILL"}},
		{"it takes too long", nil, 5 * s, fake{linger: 6 * s},
			[]string{"1m0s signalled caught", "1m5s killed", "1m5s exited 137 SIGKILL"}},
		{"the grace period counts from the hook", sleepHook(3 * s), 10 * s, fake{ignoresSignals: true},
			[]string{"1m0s prestop-started: sleep 3s", "1m3s prestop-ended", "1m3s signalled", "1m10s killed", "1m10s exited 137 SIGKILL"}},
		{"of the hook only whole seconds count", sleepHook(2900 * time.Millisecond), 10 * s, fake{ignoresSignals: true},
			[]string{"1m0s prestop-started: sleep 2.9s", "1m2.9s prestop-ended", "1m2.9s signalled", "1m10.9s killed", "1m10.9s exited 137 SIGKILL"}},
		{"a hook that takes it all leaves two seconds", sleepHook(20 * s), 5 * s, fake{linger: 3 * s},
			[]string{"1m0s prestop-started: sleep 20s", "1m5s prestop-ended: the hook did not end within the grace period of 5s",
				"1m5s signalled caught", "1m7s killed", "1m7s exited 137 SIGKILL"}},
		{"an abandoned hook ends with the container", exec, 5 * s, fake{linger: s, exec: hang},
			[]string{"1m0s prestop-started: drain", "1m5s prestop-ended: the hook did not end within the grace period of 5s",
				"1m5s signalled caught", "1m6s exited 0"}},
		{"a hook that fails delays nothing", exec, 30 * s, fake{linger: s, exec: broken},
			[]string{"1m0s prestop-started: drain", `1m0s prestop-ended: "drain" exited with 1`, "1m0s signalled caught", "1m1s exited 0"}},
		{"a tcpSocket hook fails", &manifest.Handler{TCP: &manifest.TCPSocket{}}, 30 * s, fake{},
			[]string{"1m0s prestop-started: connecting to :0", "1m0s prestop-ended: a tcpSocket hook always fails: Kubernetes does not support it",
				"1m0s signalled caught", "1m0s exited 0"}},
		{"it ends by itself during the hook", sleepHook(5 * s), 30 * s, fake{lifetime: 62 * s},
			[]string{"1m0s prestop-started: sleep 5s", "1m2s exited 3", "1m5s prestop-ended"}},
		{"a forced deletion", sleepHook(5 * s), 0, fake{ignoresSignals: true},
			[]string{"1m0s signalled", "1m2s killed", "1m2s exited 137 SIGKILL"}},
		{"a grace period of one second", nil, s, fake{ignoresSignals: true},
			[]string{"1m0s signalled", "1m2s killed", "1m2s exited 137 SIGKILL"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := Config{Spec: manifest.Pod{PreStop: test.hook}}
			onStage(t, cfg, func(s *stage) {
				time.Sleep(time.Minute)
				s.Terminate(test.grace)
				<-s.Done()
				s.expect(append([]string{"0s started", "0s ready"}, test.want...)...)
			}, test.fake)
		})
	}
}

func TestTerminateAgain(t *testing.T) {
	onStage(t, Config{}, func(s *stage) {
		s.Terminate(10 * time.Second)
		time.Sleep(2 * time.Second)
		s.Terminate(time.Second)
		s.Terminate(time.Hour)
		<-s.Done()
		s.expect("0s started", "0s ready", "0s signalled", "10s killed", "10s exited 137 SIGKILL")
	}, fake{ignoresSignals: true})
}

func TestCloseDuringHook(t *testing.T) {
	cfg := Config{Spec: manifest.Pod{PreStop: sleepHook(time.Hour)}}
	onStage(t, cfg, func(s *stage) {
		s.Terminate(2 * time.Hour)
		time.Sleep(time.Minute)
		s.Close()
		if got := s.cfg.Clock.Now(); got != time.Minute {
			s.Errorf("closed after %v, want %v", got, time.Minute)
		}
	}, fake{ignoresSignals: true})
}

// TestProbesDuringTermination: readiness continues and counts, liveness does
// not continue.
func TestProbesDuringTermination(t *testing.T) {
	var asked []string
	failing := func(_ context.Context, argv []string) error {
		if elapsed() > 60*time.Second {
			asked = append(asked, argv[0])
			return errors.New("draining")
		}
		return nil
	}
	cfg := Config{Spec: manifest.Pod{
		Liveness:  execProbe("live", 2*time.Second, 1),
		Readiness: execProbe("ready", 2*time.Second, 3),
	}}
	onStage(t, cfg, func(s *stage) {
		time.Sleep(time.Minute)
		s.Terminate(30 * time.Second)
		<-s.Done()
		s.expect("0s started", "0s ready", "1m0s signalled caught", "1m6s unready: draining", "1m7s exited 0")
		for _, probe := range asked {
			if probe != "ready" {
				s.Errorf("asked %q during termination", probe)
			}
		}
	}, fake{linger: 7 * time.Second, exec: failing})
}

func execProbe(name string, period time.Duration, failures int) *manifest.Probe {
	return &manifest.Probe{
		Handler: manifest.Handler{Exec: []string{name}},
		Period:  period, Timeout: time.Second, SuccessThreshold: 1, FailureThreshold: failures,
	}
}

func TestRemaining(t *testing.T) {
	tests := []struct{ grace, elapsed, want time.Duration }{
		{30 * time.Second, 0, 30 * time.Second},
		{30 * time.Second, 999 * time.Millisecond, 30 * time.Second},
		{30 * time.Second, 10500 * time.Millisecond, 20 * time.Second},
		{30 * time.Second, 29 * time.Second, 2 * time.Second},
		{30 * time.Second, time.Hour, 2 * time.Second},
		{0, 0, 2 * time.Second},
	}
	for _, test := range tests {
		if got := remaining(test.grace, test.elapsed); got != test.want {
			t.Errorf("remaining(%v, %v) = %v, want %v", test.grace, test.elapsed, got, test.want)
		}
	}
}
