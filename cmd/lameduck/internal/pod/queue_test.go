package pod

import (
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// TestAcceptQueueEvents: two connections wait at 1 s and a third at 1.1 s; all are
// accepted at 2 s; from 3 s on one waits, until the process exits.
func TestAcceptQueueEvents(t *testing.T) {
	unaccepted := func() []uint64 {
		switch at := elapsed(); {
		case at < time.Second, at >= 2*time.Second && at < 3*time.Second:
			return nil
		case at < 1100*time.Millisecond:
			return []uint64{7, 8}
		case at < 2*time.Second:
			return []uint64{8, 9, 7}
		}
		return []uint64{10}
	}
	queue := func() sandbox.Queue { return sandbox.Queue{Listens: true, Waiting: len(unaccepted())} }
	onStage(t, Config{Port: 8080}, func(s *stage) {
		time.Sleep(4010 * time.Millisecond)
		s.Terminate(30 * time.Second)
		<-s.Done()
		s.expect("0s started", "0s ready", "0s listening: 0.0.0.0:8080",
			"25ms accept-queue 0 after 0s",
			"1s accept-queue 2 after 975ms, stalled after 975ms by 1s",
			"2s accept-queue 0 after 1.975s",
			"3s accept-queue 1 after 2.975s, stalled after 2.975s by 3s",
			"4s accept-queue 1 after 3.975s, stalled after 2.975s by 3s",
			"4.01s signalled caught",
			"5s accept-queue 1 after 4.975s, stalled after 2.975s by 3s",
			"5s accept-queue 1 after 5s, stalled after 2.975s by 3s",
			"5.01s exited 0")
	}, fake{listens: addrs("0.0.0.0:8080"), queue: queue, unaccepted: unaccepted, linger: time.Second})
}

// TestTheListenerClosesDuringALook: of the two connections that have waited since 500 ms
// the kernel has already reset the first when it lists them.
func TestTheListenerClosesDuringALook(t *testing.T) {
	closed := false
	queue := func() sandbox.Queue {
		switch {
		case closed:
			return sandbox.Queue{}
		case elapsed() < 500*time.Millisecond:
			return sandbox.Queue{Listens: true}
		}
		return sandbox.Queue{Listens: true, Waiting: 2}
	}
	unaccepted := func() []uint64 {
		switch at := elapsed(); {
		case at < 900*time.Millisecond:
			return []uint64{7}
		case at < time.Second:
			return []uint64{7, 8}
		}
		closed = true
		return []uint64{8}
	}
	onStage(t, Config{Port: 8080}, func(s *stage) {
		time.Sleep(1010 * time.Millisecond)
		s.expect("0s started", "0s ready", "0s listening: 0.0.0.0:8080", "25ms accept-queue 0 after 0s",
			"500ms accept-queue 2 after 475ms, stalled after 475ms by 500ms",
			"1s listener-closed 0 after 975ms, stalled after 475ms by 500ms, its process runs")
	}, fake{listens: addrs("0.0.0.0:8080"), queue: queue, unaccepted: unaccepted})
}

// TestStarvedEvents: of two threads one waited for 80 ms before the termination,
// which does not count, and both in its first 60 ms, one of them for longer.
func TestStarvedEvents(t *testing.T) {
	waits := func() map[int]time.Duration {
		if elapsed() < 1060*time.Millisecond {
			return map[int]time.Duration{1: 80 * time.Millisecond}
		}
		return map[int]time.Duration{1: 100 * time.Millisecond, 2: 45 * time.Millisecond}
	}
	onStage(t, Config{Port: 8080}, func(s *stage) {
		time.Sleep(time.Second)
		s.Terminate(30 * time.Second)
		<-s.Done()
		s.expect("0s started", "0s ready", "0s listening: 0.0.0.0:8080", "1s signalled caught", "1.1s starved since 1.055s", "2s exited 0")
	}, fake{listens: addrs("0.0.0.0:8080"), waits: waits, linger: time.Second})
}

// TestTheListenerEndsWithItsProcess: another process keeps the pod for a while.
func TestTheListenerEndsWithItsProcess(t *testing.T) {
	open := func() bool { return elapsed() < 1010*time.Millisecond }
	onStage(t, Config{Port: 8080}, func(s *stage) {
		time.Sleep(time.Second)
		s.Terminate(30 * time.Second)
		<-s.Done()
		s.expect("0s started", "0s ready", "0s listening: 0.0.0.0:8080",
			"25ms accept-queue 0 after 0s", "1s signalled caught",
			"1.025s listener-closed 0 after 1s, its process has ended", "2s listener-closed 0 after 2s, its process has ended", "2.01s exited 0")
	}, fake{listens: addrs("0.0.0.0:8080"), queue: func() sandbox.Queue { return sandbox.Queue{Listens: open()} }, holds: open, linger: 1010 * time.Millisecond})
}

// TestListenerClosedEvents: it closes with connections in its queue, and is there
// again; the kernel shows nothing of the second container.
func TestListenerClosedEvents(t *testing.T) {
	queue := func() sandbox.Queue {
		switch at := elapsed(); {
		case at < time.Second:
			return sandbox.Queue{Listens: true, Waiting: 1}
		case at < 2*time.Second:
			return sandbox.Queue{}
		}
		return sandbox.Queue{Listens: true}
	}
	onStage(t, Config{Port: 8080, Spec: manifest.Pod{Grace: 30 * time.Second}}, func(s *stage) {
		time.Sleep(3100 * time.Millisecond)
		s.expect("0s started", "0s ready", "0s listening: 0.0.0.0:8080",
			"25ms accept-queue 1 after 0s, stalled after 0s by 25ms",
			"1s listener-closed 0 after 975ms, stalled after 0s by 25ms, its process runs",
			"2s accept-queue 0 after 1.975s",
			"2.975s accept-queue 0 after 2.975s",
			"2.99s exited 3", "2.99s restarted", "2.99s ready", "2.99s listening: 0.0.0.0:8080")
	}, fake{listens: addrs("0.0.0.0:8080"), queue: queue, unaccepted: func() []uint64 { return []uint64{3} }, lifetime: 2990 * time.Millisecond},
		fake{listens: addrs("0.0.0.0:8080")})
}

// TestStartStarvedEvents: while the pod is new, and no longer; a second Ready does not make it
// new again.
func TestStartStarvedEvents(t *testing.T) {
	waits := func() map[int]time.Duration {
		if elapsed() < 400*time.Millisecond {
			return map[int]time.Duration{1: 0}
		}
		return map[int]time.Duration{1: elapsed() / 4}
	}
	onStage(t, Config{Port: 8080}, func(s *stage) {
		time.Sleep(1100 * time.Millisecond)
		s.Terminate(30 * time.Second)
		<-s.Done()
		s.expect("0s started", "0s ready", "0s listening: 0.0.0.0:8080", "500ms start-starved since 375ms", "1s start-starved since 875ms",
			"1.1s signalled caught", "1.15s starved since 1.1375s", "1.19s exited 0")
	}, fake{listens: addrs("0.0.0.0:8080"), waits: waits, linger: 90 * time.Millisecond})
}
