package cluster

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// rollout is a stage with two pods, without any watch: the test reports their
// states.
type rollout struct {
	*testing.T
	*Stage
	c   *fake.FakeDynamicClient
	log strings.Builder
}

func newRollout(t *testing.T, change ...func(*appsv1.Deployment)) *rollout {
	d := deployment(2)
	for _, f := range change {
		f(d)
	}
	r := &rollout{T: t, c: kubetest.New(d, service("shop", shopLabels), replicaSet("rs", "d"))}
	target := find(t, r.c)
	r.Stage = &Stage{cfg: Config{Log: &r.log, Access: &Access{Client: r.c}}, client: r.c, target: target, action: timeline.Rollout, readyTimeout: time.Minute, replicas: 2}
	r.c.PrependReactor("patch", "*", func(clienttesting.Action) (bool, runtime.Object, error) { return true, kubetest.Object(d), nil })
	r.observer = &observer{watches: newWatches(&r.log), clock: timeline.NewClock(), emit: func(timeline.Event) {}, target: target, client: r.c, container: "web",
		pods: map[types.UID]*podSeen{}, own: map[types.UID]bool{}}
	r.pod("a", true)
	r.pod("b", true)
	return r
}

// pod reports one pod to the observer.
func (r *rollout) pod(name string, isReady bool) {
	p := pod(name, "ReplicaSet", "rs")
	p.UID = types.UID(name)
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse}
	if isReady {
		condition.Status = corev1.ConditionTrue
	}
	p.Status.Conditions = []corev1.PodCondition{condition}
	r.observer.findOwner(r.Context(), p, false)
	r.observer.podChanged(p, false)
}

func (r *rollout) deleted(name string) {
	r.observer.podDeleted(r.observer.pods[types.UID(name)].object)
}

// spec changes the workload, as a person or a controller would.
func (r *rollout) spec(change func(*appsv1.Deployment)) {
	r.Helper()
	d := deployment(2)
	change(d)
	if err := r.c.Tracker().Update(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, kubetest.Object(d), "prod"); err != nil {
		r.Fatal(err)
	}
}

func scaledTo(n int32) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		d.Spec.Replicas = &n
		d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = n, n, n
	}
}

func (r *rollout) fails(err error, took, want time.Duration, words ...string) {
	r.Helper()
	if took != want {
		r.Errorf("it ended after %v, want %v", took, want)
	}
	for _, w := range words {
		if !strings.Contains(text(err), w) {
			r.Errorf("%s, want %q in it", text(err), w)
		}
	}
}

func text(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error() + "; " + hint.Of(err)
}

// TestAnotherScalesIt: an autoscaler, for example. The action ends when there
// are as many pods as the spec then wants.
func TestAnotherScalesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t)
		time.AfterFunc(10*time.Second, func() { r.spec(scaledTo(3)) })
		time.AfterFunc(20*time.Second, func() { r.pod("c", true) })
		r.pod("b", false)
		time.AfterFunc(15*time.Second, func() { r.pod("b", true) })
		begun := time.Now()
		err := r.settled(t.Context(), nil, 2)
		if took := time.Since(begun); err != nil || took < 20*time.Second || took > 20*time.Second+poll {
			t.Errorf("%v after %v, want no error after 20s", text(err), took)
		}
		if r.replicas != 3 || !strings.Contains(r.log.String(), "note: deployment/shop was scaled from 2 to 3 during the trial, not by this tool") {
			t.Errorf("%d replicas are expected from now on; %q", r.replicas, &r.log)
		}
	})
}

// TestWaiting: while the workload settles it has the pod that is waited for, and
// why.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t)
		r.pod("b", false)
		time.AfterFunc(20*time.Second, func() { r.pod("b", true) })
		time.AfterFunc(10*time.Second, func() {
			if got := r.Waiting(); !strings.HasPrefix(got, "b: ") {
				t.Errorf("it waits for %q, want pod b", got)
			}
		})
		if err := r.settled(t.Context(), nil, 2); err != nil || r.Waiting() != "" {
			t.Errorf("%v, and afterwards it waits for %q", err, r.Waiting())
		}
	})
}

// TestNothingMoves: as where a quota refuses the new pods. What counts is how
// long nothing has moved, as for Kubernetes.
func TestNothingMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t, func(d *appsv1.Deployment) {
			d.Spec.ProgressDeadlineSeconds = new(int32(120))
			d.Status.UpdatedReplicas = 1
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota"}}
		})
		old := r.observer.activePods()
		time.AfterFunc(100*time.Second, func() { r.pod("c", true) })
		time.AfterFunc(200*time.Second, func() { r.deleted("a") })
		begun := time.Now()
		err := r.settled(t.Context(), old, 2)
		r.fails(err, time.Since(begun), 320*time.Second+poll, "deployment/shop: no pod has become ready or ended for 2m0s: exceeded quota; kubectl describe deployment/shop -n prod shows why; --action-timeout ")
	})
}

// TestActionTimeout: the user limits the whole action.
func TestActionTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t, func(d *appsv1.Deployment) { d.Spec.ProgressDeadlineSeconds = new(int32(1)) })
		r.cfg.ActionTimeout = time.Hour
		begun := time.Now()
		err := r.Act(t.Context())
		r.fails(err, time.Since(begun), time.Hour, "rollout of deployment/shop has not ended after 1h0m0s: the spec has 2 replicas, and 2 pods are active", "--action-timeout gives it longer")
	})
}

// TestTheWorkloadChanges: what does not pass by itself ends the action at once.
func TestTheWorkloadChanges(t *testing.T) {
	for want, change := range map[string]func(*appsv1.Deployment){
		"paused during the trial; kubectl rollout resume deployment/shop -n prod": func(d *appsv1.Deployment) { d.Spec.Paused = true },
		"was deleted and created again":                                           func(d *appsv1.Deployment) { d.UID = "another" },
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t)
			r.pod("b", false)
			r.spec(change)
			begun := time.Now()
			r.fails(r.settled(t.Context(), nil, 2), time.Since(begun), 0, want)
		})
	}
}

// TestStrategiesThatKeepPods: a rollout of them would not end.
func TestStrategiesThatKeepPods(t *testing.T) {
	set := &appsv1.StatefulSet{}
	set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(2))}
	manual := &appsv1.StatefulSet{}
	manual.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
	daemons := &appsv1.DaemonSet{}
	daemons.Spec.UpdateStrategy.Type = appsv1.OnDeleteDaemonSetStrategyType
	for want, w := range map[string]*workload{
		"partition 2":                fromStatefulSet(set),
		"statefulset OnDelete":       fromStatefulSet(manual),
		"daemonset OnDelete":         fromDaemonSet(daemons),
		"all pods are replaced, yes": fromStatefulSet(&appsv1.StatefulSet{}),
	} {
		_, word, _ := strings.Cut(want, " ")
		apiError := !strings.HasSuffix(want, "yes")
		if err := w.possible(timeline.Rollout); apiError != (err != nil) || apiError && (!strings.Contains(err.Error(), word) || !strings.Contains(hint.Of(err), "--action delete")) {
			t.Errorf("%s: %s", want, text(err))
		}
		if err := w.possible(timeline.Evict); err != nil {
			t.Errorf("%s: evict: %v", want, err)
		}
	}
}
