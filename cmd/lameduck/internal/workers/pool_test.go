package workers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestCounts: what the workers send is what the server sees and what is
// recorded, with unique connection numbers and the nodes.
func TestCounts(t *testing.T) {
	t.Parallel()
	s, k, rec := newServer(t), newCluster(t), new(recorder)
	pool := k.start(t, 3)
	env := rec.env()
	began := env.Clock.Now()
	stop, err := pool.Load(t.Context(), []string{s.address}, busySpec(), env)
	if err != nil {
		t.Fatal(err)
	}
	rec.waitFor(t, 300)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	checkAttempts(t, rec.attempts, s, began, env.Clock.Now(), worst(pool))
	nodes := map[string]bool{}
	for _, a := range rec.attempts {
		nodes[a.Node] = true
	}
	if got := slices.Sorted(maps.Keys(nodes)); !slices.Equal(got, []string{"node-a", "node-b"}) {
		t.Errorf("the nodes are %s", got)
	}
	if got := len(rec.attempts); int64(got) != rec.total.Load() {
		t.Errorf("%d attempts recorded, %d at the end", rec.total.Load(), got)
	}
}

func worst(c *Pool) time.Duration {
	var w time.Duration
	for _, k := range c.Clocks() {
		w = max(w, k.Uncertainty)
	}
	return w
}

func checkAttempts(t *testing.T, attempts []timeline.Attempt, s *server, from, to, within time.Duration) {
	t.Helper()
	answered, seen, nodes := int64(0), map[string]int{}, map[uint64]string{}
	for _, a := range attempts {
		kind := a.Pattern
		if a.Control {
			kind = "control " + kind
		} else if a.Status == 200 {
			answered++
		}
		seen[kind]++
		if a.Dropped() {
			t.Errorf("dropped: %+v", a)
		}
		if a.Scheduled < from-within || a.Ended > to+within {
			t.Errorf("an attempt from %v to %v in a run from %v to %v", a.Scheduled, a.Ended, from, to)
		}
		if node, known := nodes[a.Conn]; known && node != a.Node {
			t.Errorf("connection %d is of node %s and of node %s", a.Conn, node, a.Node)
		}
		if a.Conn != 0 { // a connection was made
			nodes[a.Conn] = a.Node
		}
	}
	if answered != s.requests.Load() {
		t.Errorf("%d answers recorded, the server answered %d", answered, s.requests.Load())
	}
	for _, kind := range []string{"new", "keepalive", "slow", "control new", "control keepalive"} {
		if seen[kind] == 0 {
			t.Errorf("no attempt of %s", kind)
		}
	}
}

// TestTwice: a pool can send a second load, but not two at a time.
func TestTwice(t *testing.T) {
	t.Parallel()
	s, k := newServer(t), newCluster(t)
	pool := k.start(t, 2)
	for range 2 {
		rec := new(recorder)
		stop, err := pool.Load(t.Context(), []string{s.address}, busySpec(), rec.env())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Load(t.Context(), []string{s.address}, busySpec(), rec.env()); err == nil {
			t.Error("two loads at a time")
		}
		rec.waitFor(t, 50)
		if err := errors.Join(stop(), stop()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFewerThanWorkers: a rate too low for all of them is still the rate.
func TestFewerThanWorkers(t *testing.T) {
	t.Parallel()
	s, k, rec := newServer(t), newCluster(t), new(recorder)
	pool := k.start(t, 3)
	spec := busySpec()
	spec.Rate = 2
	stop, err := pool.Load(t.Context(), []string{s.address}, spec, rec.env())
	if err != nil {
		t.Fatal(err)
	}
	rec.waitFor(t, 6)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for _, a := range rec.attempts {
		if a.Conn>>connBits == 3 {
			t.Errorf("the third worker has no share, and sent %+v", a)
		}
	}
}

// TestClocks: the error of the offset is at most its uncertainty, also when one
// direction is slower than the other.
func TestClocks(t *testing.T) {
	k := newCluster(t)
	k.out = func(_ string, out io.Writer) io.Writer {
		return writer(func(p []byte) (int, error) {
			time.Sleep(3 * time.Millisecond)
			return out.Write(p)
		})
	}
	pool := k.start(t, 2)
	for _, l := range pool.conns {
		e, truth := l.estimate(), pool.clock.At(k.workers[l.pod].clock.Start())
		if off := (e.offset - truth).Abs(); off > e.uncertainty {
			t.Errorf("the offset is wrong by %v, with an uncertainty of %v", off, e.uncertainty)
		}
		if e.uncertainty < 1500*time.Microsecond {
			t.Errorf("within %v, although an answer takes 3 ms", e.uncertainty)
		}
		if e.skew.Abs() > e.shortest {
			t.Errorf("the same wall clock is off by %v", e.skew)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// TestStall: a stream that stalls delays attempts, and loses none.
func TestStall(t *testing.T) {
	t.Parallel()
	s, k, rec := newServer(t), newCluster(t), new(recorder)
	var stalled sync.Mutex
	k.out = func(pod string, out io.Writer) io.Writer {
		return writer(func(p []byte) (int, error) {
			stalled.Lock()
			defer stalled.Unlock()
			return out.Write(p)
		})
	}
	pool := k.start(t, 2)
	stop, err := pool.Load(t.Context(), []string{s.address}, busySpec(), rec.env())
	if err != nil {
		t.Fatal(err)
	}
	rec.waitFor(t, 100)
	stalled.Lock()
	before := s.requests.Load()
	eventually(t, func() bool { return s.requests.Load() > before+300 })
	stalled.Unlock()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	answered := int64(0)
	for _, a := range rec.attempts {
		if !a.Control && a.Status == 200 {
			answered++
		}
	}
	if answered != s.requests.Load() {
		t.Errorf("%d answers recorded, the server answered %d", answered, s.requests.Load())
	}
}

// TestTampered: a line of attempts that gets lost or is duplicated on its way
// is noticed, and so is one that is cut.
func TestTampered(t *testing.T) {
	t.Parallel()
	for name, tamper := range map[string]func([]byte) []byte{
		"lost":  func([]byte) []byte { return nil },
		"twice": func(p []byte) []byte { return bytes.Repeat(p, 2) },
		"cut":   func(p []byte) []byte { return append(bytes.Clone(p[:len(p)/2]), '\n') },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, k, rec := newServer(t), newCluster(t), new(recorder)
			var once sync.Once
			k.out = func(pod string, out io.Writer) io.Writer {
				return writer(func(p []byte) (int, error) {
					line := p
					if strings.HasSuffix(pod, "-1") && bytes.HasPrefix(p, []byte(`{"attempts"`)) {
						once.Do(func() { line = tamper(p) })
					}
					_, err := out.Write(line)
					return len(p), err
				})
			}
			pool := k.start(t, 2)
			stop, err := pool.Load(t.Context(), []string{s.address}, busySpec(), rec.env())
			if err != nil {
				t.Fatal(err)
			}
			rec.waitFor(t, 200)
			if err := stop(); err == nil || !strings.Contains(err.Error(), "lameduck-workers-t-1") {
				t.Errorf("the error is: %v", err)
			}
		})
	}
}

// TestLost: a worker that vanishes during a run is named, with the state of its
// pod; and the loss is known before the run ends.
func TestLost(t *testing.T) {
	t.Parallel()
	s, k, rec := newServer(t), newCluster(t), new(recorder)
	pool := k.start(t, 3)
	stop, err := pool.Load(t.Context(), []string{s.address}, busySpec(), rec.env())
	if err != nil {
		t.Fatal(err)
	}
	rec.waitFor(t, 100)
	const victim = "lameduck-workers-t-1"
	p, err := kube.Pods.Get(t.Context(), k, namespace, victim)
	if err != nil {
		t.Fatal(err)
	}
	p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}}
	if err := k.Tracker().Update(podsResource, kubetest.Object(p), namespace); err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	k.workers[victim].quit(errors.New("killed"))
	k.mu.Unlock()
	<-pool.Lost()
	err = stop()
	if err == nil || !strings.Contains(err.Error(), "lost worker "+victim) || !strings.Contains(err.Error(), "137 (OOMKilled)") {
		t.Errorf("the error is: %v", err)
	}
}

// TestCancelled: when the context of a load ends, stop does not wait for a
// server that does not respond, and no worker continues.
func TestCancelled(t *testing.T) {
	t.Parallel()
	s, k, rec := newServer(t), newCluster(t), new(recorder)
	pool := k.start(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	stop, err := pool.Load(ctx, []string{s.address}, busySpec(), rec.env())
	if err != nil {
		t.Fatal(err)
	}
	rec.waitFor(t, 100)
	cancel()
	if err := stop(); err != nil {
		t.Error(err)
	}
	before := len(rec.attempts)
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	k.running.Wait()
	if len(rec.attempts) != before {
		t.Error("attempts were recorded after stop")
	}
}

// TestStreamsClosed: a worker without its coordinator during a run ends by
// itself, with an error.
func TestStreamsClosed(t *testing.T) {
	t.Parallel()
	s, k, rec := newServer(t), newCluster(t), new(recorder)
	pool := k.start(t, 2)
	if _, err := pool.Load(t.Context(), []string{s.address}, busySpec(), rec.env()); err != nil {
		t.Fatal(err)
	}
	rec.waitFor(t, 100)
	pool.closeStreams()
	k.running.Wait()
	for pod, err := range k.ended {
		if err == nil {
			t.Errorf("%s ended as if all was well", pod)
		}
	}
	if len(k.ended) != 2 {
		t.Errorf("%d workers ended", len(k.ended))
	}
}
