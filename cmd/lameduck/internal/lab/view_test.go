package lab

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// dial opens and closes a connection through the node, and names the pod.
func (s *stage) dial(node int) (pod string, err error) {
	conn, pod, err := s.Dial(s.t.Context(), node)
	if err == nil {
		conn.Close()
	}
	return pod, err
}

// pods is the set of pods that many new connections through the node reach.
func (s *stage) pods(node int) string {
	reached := map[string]bool{}
	for range 200 {
		pod, err := s.dial(node)
		if err != nil {
			s.t.Fatal(err)
		}
		reached[pod] = true
	}
	var names []string
	for i := range 100 {
		if name := s.loop.cfg.podName(i); reached[name] {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// at returns when an event happened on a node; it ends the test if it did not.
func at(t *testing.T, events []timeline.Event, kind timeline.Kind, pod, node string) time.Duration {
	t.Helper()
	for _, e := range events {
		if e.Kind == kind && e.Pod == pod && e.Node == node {
			return e.At
		}
	}
	t.Fatalf("no %s of %s on node %s", kind, pod, node)
	return 0
}

func profile(t *testing.T, s string) Profile {
	t.Helper()
	p, err := ParseProfile(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStartReturnsWhenEveryNodeKnowsEveryPod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(3), Nodes: 4}, steadyPods)
		s.start()
		for node := range 4 {
			if got, want := s.pods(node), "app-1 app-2 app-3"; got != want {
				t.Errorf("node %d reaches %s, want %s", node, got, want)
			}
		}
	})
}

// TestEveryNodeHasItsOwnLag: a deleted pod still gets new connections, on each
// node until that node is updated.
func TestEveryNodeHasItsOwnLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1), Nodes: 5, Propagation: profile(t, "1s-9s")}, steadyPods)
		s.start()
		roll := s.act(timeline.Rollout)
		deleted := at(t, roll, timeline.Deleted, "app-1", "")
		lags := map[time.Duration]bool{}
		for node := range 5 {
			lag := at(t, roll, timeline.EndpointTerminating, "app-1", fmt.Sprint("node-", node+1)) - deleted
			if lag < sec+sliceLagMin || lag > 9*sec+sliceLagMax {
				t.Errorf("node %d knew after %v", node, lag)
			}
			lags[lag] = true
			if removed := at(t, roll, timeline.EndpointRemoved, "app-1", fmt.Sprint("node-", node+1)); removed < at(t, roll, timeline.Exited, "app-1", "") {
				t.Errorf("node %d: the endpoint was removed at %v, before the process exited", node, removed)
			}
		}
		if len(lags) < 2 {
			t.Errorf("all nodes knew at once: %v", lags)
		}
	})
}

func TestNewConnectionsFollowTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1), Nodes: 1, Propagation: profile(t, "2s")}, steadyPods)
		s.start()
		done := make(chan error, 1)
		go func() { done <- s.Act(t.Context(), timeline.Rollout) }()
		time.Sleep(200 * ms) // app-2 is ready and app-1 deleted, but the node is not updated
		if got := s.pods(0); got != "app-1" {
			t.Errorf("before the change arrives new connections go to %s, want app-1", got)
		}
		time.Sleep(3 * sec)
		if got := s.pods(0); got != "app-2" {
			t.Errorf("after the change has arrived new connections go to %s, want app-2", got)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestALateSyncCarriesEarlierChanges: kube-proxy applies the whole state, so a
// slice that arrives after its successor is never applied, and no node reverts.
func TestALateSyncCarriesEarlierChanges(t *testing.T) {
	first := &slice{1, []endpoint{{pod: "app-1", ready: true, serving: true}}}
	second := &slice{2, []endpoint{{pod: "app-2", ready: true, serving: true}}}
	n := newNode(0, 1)
	var reported []string
	report := func(pod string, kind timeline.Kind) { reported = append(reported, pod+" "+string(kind)) }
	n.update(second, report)
	n.update(first, report)
	if e, _ := n.pick(); e.pod != "app-2" {
		t.Errorf("the node picks %q, want app-2", e.pod)
	}
	if len(reported) != 1 || reported[0] != "app-2 endpoint-added" {
		t.Errorf("events %q, want only that app-2 was added", reported)
	}
}

// TestAConnectionFollowsTheViewThatIsDue: the loop is late with a change, as where it has no
// processor, and the node routes by it all the same.
func TestAConnectionFollowsTheViewThatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(0, 1)
		picked := func() string { e, _ := n.pick(); return e.pod }
		ignore := func(string, timeline.Kind) {}
		first := &slice{1, []endpoint{{pod: "app-1", ready: true, serving: true}}}
		second := &slice{2, []endpoint{{pod: "app-2", ready: true, serving: true}}}
		n.update(first, ignore)
		n.expect(time.Now().Add(2*sec), &slice{3, nil})
		n.expect(time.Now().Add(sec), second)
		for _, want := range []string{"app-1", "app-2", ""} {
			if got := picked(); got != want {
				t.Errorf("the node picks %q, want %q", got, want)
			}
			time.Sleep(sec)
		}
		n.update(&slice{4, second.endpoints}, ignore)
		if got := picked(); got != "app-2" || len(n.coming) != 0 {
			t.Errorf("the node picks %q, and %d older slices are to come; want app-2, and none", got, len(n.coming))
		}
	})
}

// TestEventsOfANodeNeverGoBack: in every rollout each pod is added, then
// terminating, then removed, on each node, whatever the lags.
func TestEventsOfANodeNeverGoBack(t *testing.T) {
	rank := map[timeline.Kind]int{timeline.EndpointAdded: 1, timeline.EndpointTerminating: 2, timeline.EndpointRemoved: 3}
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, Config{Workload: workload(3), Seed: seed + 1, Propagation: profile(t, "large")}, steadyPods)
			s.start()
			s.act(timeline.Rollout)
			last := map[[2]any]int{}
			for _, e := range s.emitted() {
				key := [2]any{e.Pod, e.Node}
				if r := rank[e.Kind]; r > 0 {
					if r <= last[key] {
						t.Errorf("seed %d: node %s emitted %s of %s out of order", seed+1, e.Node, e.Kind, e.Pod)
					}
					last[key] = r
				}
			}
		})
	}
}

func TestFallbackToTerminatingPodsThatStillServe(t *testing.T) {
	tests := []struct {
		name          string
		unreadyAtOnce bool
		want          error
	}{
		{"serving", false, nil},
		{"failing readiness opts out", true, syscall.ECONNREFUSED},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, Config{Workload: workload(1), Propagation: profile(t, "0")}, func(int) behaviour {
					return behaviour{warmUp: 3 * sec, drain: 5 * sec, unreadyAtOnce: tt.unreadyAtOnce}
				})
				s.start()
				done := make(chan error, 1)
				go func() { done <- s.Act(t.Context(), timeline.Delete) }()
				time.Sleep(2 * sec) // app-1 drains, app-2 is not ready yet
				pod, err := s.dial(0)
				if !errors.Is(err, tt.want) || (tt.want == nil && pod != "app-1") {
					t.Errorf("dial: pod %q, %v; want error %v", pod, err, tt.want)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestNoEndpointIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1)}, steadyPods)
		pod, err := s.dial(0)
		if !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "service has no endpoint") || pod != "" {
			t.Errorf("dial: pod %q, %v", pod, err)
		}
	})
}

// TestAViewMayHaveAPodThatHasExited: the error of its address names the pod.
func TestAViewMayHaveAPodThatHasExited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(1), Propagation: profile(t, "1m")}, func(int) behaviour {
			return behaviour{warmUp: ms, drain: ms}
		})
		s.start()
		done := make(chan error, 1)
		go func() { done <- s.Act(t.Context(), timeline.Rollout) }()
		time.Sleep(30 * sec)
		pod, err := s.dial(0)
		if pod != "app-1" || !errors.Is(err, syscall.EHOSTUNREACH) {
			t.Errorf("dial: pod %q, %v; want app-1, which has exited", pod, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestPublishNotReadyAddresses: such an endpoint is ready whatever the probe of
// the pod, so a terminating pod gets new connections until it has exited.
func TestPublishNotReadyAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := workload(1)
		w.Service = &manifest.Service{PublishNotReadyAddresses: true}
		s := newStage(t, Config{Workload: w, Propagation: profile(t, "0")}, steadyPods)
		s.start()
		done := make(chan error, 1)
		go func() { done <- s.Act(t.Context(), timeline.Rollout) }()
		time.Sleep(2 * sec) // app-1 drains, app-2 is ready
		if got := s.pods(0); got != "app-1 app-2" {
			t.Errorf("new connections go to %s, want both", got)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, e := range s.emitted() {
			if e.Kind == timeline.EndpointTerminating {
				t.Error("the event that new connections end, but they do not")
			}
		}
	})
}

// TestAnUnreadyPodGetsNoNewConnections: without any termination.
func TestAnUnreadyPodGetsNoNewConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Config{Workload: workload(2), Propagation: profile(t, "0")}, func(number int) behaviour {
			b := steadyPods(number)
			if number == 1 {
				b.unready = 10 * sec
			}
			return b
		})
		s.start()
		time.Sleep(11 * sec)
		if got := s.pods(0); got != "app-2" {
			t.Errorf("new connections go to %s, want app-2", got)
		}
		at(t, s.emitted(), timeline.EndpointRemoved, "app-1", "node-1")
	})
}

func TestTheSameSeedGivesTheSameEvents(t *testing.T) {
	run := func(seed uint64) (events []timeline.Event, picks []string) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, Config{Workload: workload(3), Seed: seed}, steadyPods)
			s.start()
			for range 20 {
				pod, _ := s.dial(1)
				picks = append(picks, pod)
			}
			events = s.act(timeline.Rollout)
		})
		return events, picks
	}
	one, picksOne := run(1)
	again, picksAgain := run(1)
	other, picksOther := run(2)
	if got, want := times(again), times(one); got != want || strings.Join(picksAgain, " ") != strings.Join(picksOne, " ") {
		t.Errorf("the same seed:\n%s %v\n%s %v", got, picksAgain, want, picksOne)
	}
	if times(other) == times(one) || strings.Join(picksOther, " ") == strings.Join(picksOne, " ") {
		t.Error("another seed drew the same")
	}
}

// times are the endpoint events of a run with their moments.
func times(events []timeline.Event) string {
	var b strings.Builder
	for _, e := range events {
		if strings.HasPrefix(string(e.Kind), "endpoint-") {
			b.WriteString(e.At.String() + " " + e.Pod + " " + string(e.Kind) + "\n")
		}
	}
	return b.String()
}
