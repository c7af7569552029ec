package cluster

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// script emits the lifecycle of a pod to an observer.
type script struct {
	*testing.T
	o   *observer
	pod *corev1.Pod
	log strings.Builder

	mu     sync.Mutex
	events []timeline.Event
}

func newScript(t *testing.T) *script {
	c := kubetest.New(deployment(1), service("shop", shopLabels), replicaSet("rs", "d"))
	s := &script{T: t, pod: pod("shop-1", "ReplicaSet", "rs")}
	s.pod.UID = "1"
	emit := func(e timeline.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	}
	o, err := observe(t.Context(), c, find(t, c), timeline.NewClock(), emit, &s.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	s.o = o
	return s
}

// status changes the pod, as its kubelet would.
func (s *script) status(change func(*corev1.Pod)) *script {
	s.pod = s.pod.DeepCopy()
	change(s.pod)
	s.o.podChanged(s.pod, false)
	s.o.findOwner(s.Context(), s.pod, false)
	return s
}

func (s *script) run() *script {
	return s.status(func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	})
}

func (s *script) unready() *script {
	return s.status(func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse })
}

func (s *script) delete() *script {
	return s.status(func(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.Now()) })
}

func (s *script) exit(code int32, reason string) *script {
	return s.status(func(p *corev1.Pod) {
		p.Status.Conditions[0].Status = corev1.ConditionFalse
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason}}
	})
}

func (s *script) kubelet(reason, path string) *script {
	s.o.kubeletEvent(&corev1.Event{Reason: reason, Message: "because", InvolvedObject: corev1.ObjectReference{UID: s.pod.UID, FieldPath: path}}, false)
	return s
}

// slice sets the pod ready, or serving and terminating, or neither.
func (s *script) slice(ready, serving bool) *script {
	s.o.sliceChanged(&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: "shop-x"}, Endpoints: []discoveryv1.Endpoint{{
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", UID: s.pod.UID},
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: new(!ready)},
	}}}, false)
	return s
}

func (s *script) kinds() (kinds []timeline.Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (s *script) want(kinds ...timeline.Kind) {
	s.Helper()
	if got := s.kinds(); !slices.Equal(got, kinds) {
		s.Errorf("got  %v\nwant %v", got, kinds)
	}
}

const web = "spec.containers{web}"

func TestTheLifecycleOfAPod(t *testing.T) {
	s := newScript(t)
	s.o.preStop = nil
	s.run().slice(true, true).delete().slice(false, true).kubelet("Killing", "spec.containers{sidecar}").kubelet("Killing", web).exit(0, "Completed").slice(false, false)
	s.want(timeline.Started, timeline.Ready, timeline.EndpointAdded, timeline.Deleted, timeline.EndpointTerminating,
		timeline.Signalled, timeline.Exited, timeline.EndpointRemoved)
	s.o.podDeleted(s.pod)
	if steady, activePods := s.o.steady([]*corev1.Pod{s.pod}); !steady || activePods != 0 {
		t.Error("the pod was removed, and is still waited for")
	}
}

func TestKilledAtTheEndOfItsGrace(t *testing.T) {
	s := newScript(t)
	s.o.preStop = nil
	s.run().delete().kubelet("Killing", web).exit(137, "Error")
	s.want(timeline.Started, timeline.Ready, timeline.Deleted, timeline.Signalled, timeline.Killed, timeline.Exited)
}

// TestKilledByOther: an exit code of 137 long before the end of the grace period is the
// process's own, or of another program that killed it.
func TestKilledByOther(t *testing.T) {
	s := newScript(t)
	s.o.preStop = nil
	s.run().delete()
	s.status(func(p *corev1.Pod) { p.DeletionGracePeriodSeconds = new(int64(30)) })
	s.kubelet("Killing", web).exit(137, "Error")
	s.want(timeline.Started, timeline.Ready, timeline.Deleted, timeline.Signalled, timeline.Exited)
}

// TestTheStatusComesLate: the node's own times then show when the exit was.
func TestTheStatusComesLate(t *testing.T) {
	node := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // its clock is off
	for name, tt := range map[string]struct {
		stamp, finished time.Time
		ran, want       time.Duration // after the kubelet's event, which came at 10 s; the status comes at 20 s
	}{
		"three seconds later": {node, node.Add(3 * time.Second), 2 * time.Second, 4 * time.Second},
		"before it":           {node, node.Add(-3 * time.Second), 0, 0},
		"just now":            {node, node.Add(10 * time.Second), 9 * time.Second, 10 * time.Second},
		"no time was given":   {node, time.Time{}, 0, 10 * time.Second},
		"no event was seen":   {time.Time{}, node, 0, 10 * time.Second},
	} {
		p := &podSeen{killing: 10 * time.Second, stamp: tt.stamp}
		status := &corev1.ContainerStateTerminated{FinishedAt: metav1.NewTime(tt.finished)}
		if ran, got := p.ranUntil(status)-p.killing, p.exitedBy(status, 20*time.Second)-p.killing; ran != tt.ran || got != tt.want {
			t.Errorf("%s: between %v and %v, want %v and %v", name, ran, got, tt.ran, tt.want)
		}
	}
}

func TestTheKubeletsEventGotLost(t *testing.T) {
	s := newScript(t)
	s.run().delete().exit(0, "Completed")
	s.want(timeline.Started, timeline.Ready, timeline.Deleted, timeline.PreStopStarted, timeline.Exited)
}

// TestDeletedByForce: the API forgets it while it runs.
func TestDeletedByForce(t *testing.T) {
	s := newScript(t)
	s.o.preStop = nil
	s.run().delete()
	s.o.podDeleted(s.pod)
	s.kubelet("Killing", web)
	s.want(timeline.Started, timeline.Ready, timeline.Deleted, timeline.Forced, timeline.Signalled)
}

// TestTheRuntimeFailsToStartIt: as when the kubelet is restarted meanwhile.
func TestTheRuntimeFailsToStartIt(t *testing.T) {
	s := newScript(t)
	s.run().status(func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "web", RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 128, Reason: "StartError"}}}
	})
	s.want(timeline.Started, timeline.Ready)
}

func TestAFailedHookIsFollowedByTheSignal(t *testing.T) {
	s := newScript(t)
	s.run().delete().kubelet("Killing", web).kubelet("FailedPreStopHook", web).exit(143, "Error")
	s.want(timeline.Started, timeline.Ready, timeline.Deleted, timeline.PreStopStarted, timeline.PreStopEnded, timeline.Signalled, timeline.Exited)
}

func TestASleepIsFollowedByTheSignal(t *testing.T) {
	s := newScript(t)
	*s.o.preStop.Sleep = time.Millisecond
	s.run().delete().kubelet("Killing", web)
	for len(s.kinds()) < 6 {
		time.Sleep(time.Millisecond)
	}
	s.exit(0, "Completed")
	s.want(timeline.Started, timeline.Ready, timeline.Deleted, timeline.PreStopStarted, timeline.PreStopEnded, timeline.Signalled, timeline.Exited)
}

func TestACrashIsNoTermination(t *testing.T) {
	s := newScript(t)
	s.run().status(func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "web", RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3}}}
	})
	s.want(timeline.Started, timeline.Ready, timeline.Exited, timeline.Restarted)
}

// TestAProcessThatExitsSoonHasStarted: its container is not seen to run before it is
// restarted.
func TestAProcessThatExitsSoonHasStarted(t *testing.T) {
	s := newScript(t)
	s.status(func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}}}
	})
	s.status(func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "web", RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3}}}
	})
	s.want(timeline.Started, timeline.Exited, timeline.Restarted)
}

// TestANameIsGivenAgain: for example by a StatefulSet. The pod of an attempt
// then depends on the moment.
func TestANameIsGivenAgain(t *testing.T) {
	s := newScript(t)
	s.run().delete()
	s.o.podDeleted(s.pod)
	between := s.o.clock.Now()
	s.pod = pod("shop-1", "StatefulSet", "shop")
	s.pod.UID = types.UID("2")
	s.pod.Status.PodIP = "10.244.1.9"
	s.pod.Status.PodIPs = []corev1.PodIP{{IP: "10.244.1.9"}, {IP: "fd00::9"}}
	s.o.podChanged(s.pod, false)
	if s.o.podAt("shop-1", between) != "shop-1" || s.o.podAt("shop-1", s.o.clock.Now()) != "shop-1#2" || s.o.podAt("10.244.1.9", s.o.clock.Now()) != "shop-1#2" || s.o.podAt("fd00::9", s.o.clock.Now()) != "shop-1#2" || s.o.podAt("10.0.0.1", s.o.clock.Now()) != "" {
		t.Error("pods are mixed up")
	}
	now := s.o.clock.Now()
	for want, a := range map[string]timeline.Attempt{
		"shop-1":   {Started: between, Pod: "shop-1", Addr: "10.96.0.1:80"},
		"shop-1#2": {Started: now, Addr: "[fd00::9]:8080"},
		"":         {Started: now, Addr: "10.96.0.1:80"},
	} {
		if got := s.o.podOf(&a); got != want {
			t.Errorf("an attempt at %s, where the server named pod %q, is of pod %q, want %q", a.Addr, a.Pod, got, want)
		}
	}
}

func TestAPodThatIsNotReadyInTime(t *testing.T) {
	s := newScript(t)
	s.status(func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "no such image"}}}}
	})
	if err := s.o.overdue(time.Hour); err != nil {
		t.Errorf("%v, and it has an hour", err)
	}
	err := s.o.overdue(0)
	if never, ok := err.(interface{ Unwrap() error }); !ok || never.Unwrap().Error() != "shop-1 never became ready: waiting, ErrImagePull: no such image" {
		t.Errorf("%v", err)
	}
	s.want(timeline.NeverReady)
}

func TestGauge(t *testing.T) {
	const text = "# TYPE m gauge\nm_other 9\nm{ip_family=\"IPv4\"} 1.7e+09\nm{ip_family=\"IPv6\"} 1.8e+09\nbroken\n"
	if got := gauge([]byte(text), "m"); got != 1.8e9 {
		t.Errorf("got %v", got)
	}
	if got := gauge([]byte(text), "absent"); got != 0 {
		t.Errorf("got %v of nothing", got)
	}
}

// TestAPodThatWasReady: a moment in which it is not ready is none in which it
// has never been.
func TestAPodThatWasReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{T: t, pod: pod("shop-1", "ReplicaSet", "rs")}
		s.o = &observer{clock: timeline.NewClock(), container: "web", pods: map[types.UID]*podSeen{}, own: map[types.UID]bool{s.pod.UID: true}, emit: func(timeline.Event) {}}
		s.o.podChanged(s.pod, true)
		s.run()
		time.Sleep(time.Hour)
		s.unready()
		if err := s.o.overdue(time.Minute); err != nil {
			t.Errorf("unready for a moment: %v", err)
		}
		time.Sleep(59 * time.Second)
		s.unready() // it is reported again
		if err := s.o.overdue(time.Minute); err != nil {
			t.Errorf("unready for 59 s: %v", err)
		}
		time.Sleep(time.Second)
		err := s.o.overdue(time.Minute)
		if _, never := errors.AsType[*timeline.NeverReadyError](err); never || err == nil || err.Error() != "shop-1 was ready, and has not been for 1m0s: running, but its readiness probe does not pass" {
			t.Errorf("unready for a minute: %v", err)
		}
		s.run()
		if err := s.o.overdue(time.Minute); err != nil {
			t.Errorf("ready again: %v", err)
		}
	})
}

// TestPodsOfOthers: pods with the same labels that the workload does not
// control are neither acted on nor counted, whatever becomes of them.
func TestPodsOfOthers(t *testing.T) {
	s := newScript(t)
	s.run().slice(true, true)
	for i, p := range []*corev1.Pod{
		{ObjectMeta: metav1.ObjectMeta{Name: "debug"}},
		pod("canary-1", "ReplicaSet", "canary"),
		pod("backup-1", "Job", "backup"),
		pod("db-0", "StatefulSet", "shop"), // of the same name
	} {
		p.Namespace, p.UID = "prod", types.UID(p.Name)
		if i == 0 {
			p.OwnerReferences = nil
		}
		s.o.podChanged(p, false)
		s.o.findOwner(t.Context(), p, false)
		s.o.findOwner(t.Context(), p, false)
		if !strings.Contains(s.log.String(), "pod/"+p.Name) {
			t.Errorf("%s is not named", p.Name)
		}
	}
	if n := strings.Count(s.log.String(), "note:"); n != 4 {
		t.Errorf("%d notes:\n%s", n, &s.log)
	}
	if activePods := s.o.activePods(); len(activePods) != 1 || activePods[0].Name != "shop-1" {
		t.Errorf("%d pods would be acted on, want shop-1 alone", len(activePods))
	}
	if steady, activePods := s.o.steady(nil); !steady || activePods != 1 {
		t.Error("a pod of others is waited for, or counted")
	}
	if err := s.o.overdue(0); err != nil {
		t.Errorf("%v", err)
	}
}
