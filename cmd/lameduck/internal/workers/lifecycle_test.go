package workers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// TestStartErrors: the reason why workers cannot start is in the error, with a
// hint, and nothing is left of them.
func TestStartErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil   func(*cluster)
		message string
		hint    string
	}{
		"pull": {
			waitsFor("ImagePullBackOff", "not found"),
			"node node-b cannot pull the image lameduck (ImagePullBackOff: not found)", "push the image",
		},
		"crash": {
			func(k *cluster) { k.pod = crashes },
			"worker pod lameduck-workers-t-0 exited during start-up: its container exited with code 2 (Error); its last line: fake logs", "is the image this tool's own",
		},
		"no room": {
			func(k *cluster) { k.pod = unschedulable },
			"3 workers do not run after 2m0s: pod lameduck-workers-t-0 cannot be scheduled: 0/2 nodes are available", "choose fewer",
		},
		"slow pull": {
			waitsFor("ContainerCreating", ""),
			"3 workers do not run after 2m0s: pod lameduck-workers-t-0 waits (ContainerCreating)", "",
		},
		"quota": {
			refuses(`pods "x" is forbidden: exceeded quota: small, requested: pods=1`),
			"exceeded quota: small", "the quota of the namespace",
		},
		"policy": {
			refuses(`pods "x" is forbidden: violates PodSecurity "custom"`),
			"violates PodSecurity", "--url",
		},
		"young namespace": {
			refuses(`pods "x" is forbidden: error looking up service account trial/default`),
			"after 2m0s: the cluster refuses the pods", "",
		},
		"forbidden": {
			func(k *cluster) { k.PrependReactor("create", "jobs", forbidden) },
			"cannot create the Job", "create jobs.batch, get jobs.batch",
		},
		"forbidden to list": {
			func(k *cluster) { k.PrependReactor("list", "pods", forbidden) },
			"cannot list the pods", "get pods, list pods",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newCluster(t)
				c.spoil(k)
				_, err := Start(t.Context(), k.config(3))
				if err == nil || !strings.Contains(err.Error(), c.message) {
					t.Fatalf("the error is: %v", err)
				}
				if got := hint.Of(err); !strings.Contains(got, c.hint) {
					t.Errorf("the hint is: %s", got)
				}
				nothingLeft(t, k)
			})
		})
	}
}

func waitsFor(reason, message string) func(*cluster) {
	return func(k *cluster) {
		k.pod = func(p *corev1.Pod) {
			p.Status.Phase = corev1.PodPending
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}
		}
	}
}

func crashes(p *corev1.Pod) {
	p.Status.Phase = corev1.PodFailed
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Reason: "Error"}}}}
}

func unschedulable(p *corev1.Pod) {
	p.Status.Phase = corev1.PodPending
	p.Status.Conditions = []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/2 nodes are available: 2 Insufficient cpu.",
	}}
}

// refuses makes a cluster with a Job controller that cannot make pods.
func refuses(message string) func(*cluster) {
	return func(k *cluster) {
		k.PrependReactor("create", "jobs", func(a clienttesting.Action) (bool, runtime.Object, error) {
			job := created(a)
			event := &corev1.Event{
				ObjectMeta: metav1.ObjectMeta{Name: "e", Namespace: namespace}, Reason: "FailedCreate", Message: message,
				InvolvedObject: corev1.ObjectReference{Kind: "Job", Name: job.Name},
			}
			return true, kubetest.Object(job), errors.Join(k.Tracker().Add(kubetest.Object(event)), k.Tracker().Add(kubetest.Object(job)))
		})
	}
}

func forbidden(a clienttesting.Action) (bool, runtime.Object, error) {
	return true, nil, apierrors.NewForbidden(a.GetResource().GroupResource(), "", errors.New("no rule grants it"))
}

func nothingLeft(t *testing.T, k *cluster) {
	t.Helper()
	jobs, err := k.Tracker().List(batchv1.SchemeGroupVersion.WithResource("jobs"), batchv1.SchemeGroupVersion.WithKind("Job"), namespace)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(kubetest.Into(jobs, new(batchv1.JobList)).Items); n != 0 || len(k.names) != 0 {
		t.Errorf("%d jobs are left, and the pods %v", n, k.names)
	}
}

// TestClose: it can be called again, and also when the pods are not removed.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCluster(t)
		pool := newPool(k.config(2).withDefaults())
		if err := pool.job.create(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.neverDeleted = true
		err := pool.Close()
		if err == nil || !strings.Contains(err.Error(), "pod lameduck-workers-t-1") || !strings.Contains(hint.Of(err), "kubectl delete job") {
			t.Errorf("the error is: %v", err)
		}
		k.neverDeleted = false
		if err := k.deletePods(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := pool.Close(); err != nil {
				t.Error(err)
			}
		}
		nothingLeft(t, k)
	})
}

// TestCancelledStart: a start that is interrupted leaves nothing.
func TestCancelledStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCluster(t)
		waitsFor("ContainerCreating", "")(k)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := Start(ctx, k.config(2)); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is: %v", err)
		}
		nothingLeft(t, k)
	})
}

// TestSilentWorker: a worker that receives and sends nothing any more is lost
// after a while.
func TestSilentWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := newPool(newCluster(t).config(1).withDefaults())
		l := newWorkerConn(0, "pod", pool.clock, pool.record)
		pool.streams.Go(func() { pool.watch(l) })
		pool.streams.Go(func() { pool.keepMeasuring(l) })
		pool.streams.Go(func() { l.write(discard{io.Discard}) })
		<-pool.Lost()
		pool.closeStreams()
		pool.streams.Wait()
		if when, err := l.cause(); when < heartbeatTimeout || !strings.Contains(err.Error(), "no message from it for 30s") {
			t.Errorf("lost after %v: %v", when, err)
		}
	})
}

// TestDuplicateMessages: a worker may send its Hello more than once, but not
// that it is done.
func TestDuplicateMessages(t *testing.T) {
	clock := timeline.NewClock()
	l := newWorkerConn(0, "pod", clock, nil)
	for range 3 {
		if err := l.take(wire.Message{Hello: &wire.Hello{}}, 0, time.Now()); err != nil {
			t.Error(err)
		}
	}
	first, second := l.take(wire.Message{Done: &wire.Done{}}, 0, time.Now()), l.take(wire.Message{Done: &wire.Done{}}, 0, time.Now())
	if first != nil || second == nil {
		t.Errorf("done once: %v; twice: %v", first, second)
	}
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// TestOtherVersion: a worker with another protocol version is an error.
func TestOtherVersion(t *testing.T) {
	err := checkVersion(wire.Hello{Protocol: wire.Protocol + 1, Version: "v9"})
	if err == nil || !strings.Contains(err.Error(), "v9") || !strings.Contains(hint.Of(err), "--image") {
		t.Errorf("the error is: %v", err)
	}
}

// TestRestricted: the pods satisfy Pod Security "restricted", and end by
// themselves.
func TestRestricted(t *testing.T) {
	job := Manifest(Config{Namespace: namespace, Image: "i", Count: 4, RunID: "r"})
	pod, c := job.Spec.Template.Spec, job.Spec.Template.Spec.Containers[0]
	for what, ok := range map[string]bool{
		"no root":            *pod.SecurityContext.RunAsNonRoot && *pod.SecurityContext.RunAsUser == 65532,
		"seccomp":            pod.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"no escalation":      !*c.SecurityContext.AllowPrivilegeEscalation,
		"no capabilities":    len(c.SecurityContext.Capabilities.Drop) == 1 && c.SecurityContext.Capabilities.Drop[0] == "ALL",
		"read-only root":     *c.SecurityContext.ReadOnlyRootFilesystem,
		"no token":           !*pod.AutomountServiceAccountToken,
		"no restart":         pod.RestartPolicy == corev1.RestartPolicyNever && job.Spec.BackoffLimit == 0,
		"an end":             job.Spec.ActiveDeadlineSeconds == 3600 && job.Spec.TTLSecondsAfterFinished > 0,
		"stdin ends once":    c.Stdin && c.StdinOnce && !c.TTY,
		"all at a time":      job.Spec.Parallelism == 4 && job.Spec.Completions == 4,
		"spread over nodes":  pod.TopologySpreadConstraints[0].TopologyKey == "kubernetes.io/hostname",
		"pods bear the run":  job.Spec.Template.Labels[RunLabel] == "r",
		"a worker's command": c.Args[0] == wire.Role,
	} {
		if !ok {
			t.Errorf("not: %s", what)
		}
	}
}

// TestJobIsOfTheAPI: the API's own type reads all of the Job, and would write no
// other.
func TestJobIsOfTheAPI(t *testing.T) {
	want := Manifest(Config{Namespace: namespace, Image: "i", Count: 4, RunID: "r"})
	ours, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	strict := json.NewDecoder(bytes.NewReader(ours))
	strict.DisallowUnknownFields()
	var job batchv1.Job
	if err := strict.Decode(&job); err != nil {
		t.Fatal(err)
	}
	if !equality.Semantic.DeepEqual(job.Spec.Template, want.Spec.Template) {
		t.Errorf("the template is read as %+v", job.Spec.Template)
	}
	if *job.Spec.CompletionMode != batchv1.IndexedCompletion || jobIndex != batchv1.JobCompletionIndexAnnotation ||
		job.GroupVersionKind() != batchv1.SchemeGroupVersion.WithKind("Job") {
		t.Errorf("it is read as %+v", job)
	}
	for what, is := range map[string][2]int64{
		"completions":             {int64(*job.Spec.Completions), 4},
		"parallelism":             {int64(*job.Spec.Parallelism), 4},
		"backoffLimit":            {int64(*job.Spec.BackoffLimit), 0},
		"activeDeadlineSeconds":   {*job.Spec.ActiveDeadlineSeconds, 3600},
		"ttlSecondsAfterFinished": {int64(*job.Spec.TTLSecondsAfterFinished), linger},
	} {
		if is[0] != is[1] {
			t.Errorf("%s: %d, want %d", what, is[0], is[1])
		}
	}
}

// TestAttachURL: all three streams of the one container.
func TestAttachURL(t *testing.T) {
	const want = "http://api/api/v1/namespaces/trial/pods/p/attach?container=worker&stderr=true&stdin=true&stdout=true"
	if got := newCluster(t).config(1).attachURL("p").String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestCheck: a wrong setting is an error before anything is created.
func TestCheck(t *testing.T) {
	for _, cfg := range []Config{{Image: "i"}, {Count: Most + 1, Image: "i"}, {Count: 1}, {Count: 1, Image: "i", RunID: "Not A Name"}} {
		if err := cfg.Check(); err == nil || hint.Of(err) == "" {
			t.Errorf("%+v passes, or has no hint: %v", cfg, err)
		}
	}
	if err := (Config{Count: 1, Image: "i"}).Check(); err != nil {
		t.Error(err)
	}
}

// TestLastLine: of a panic its first line counts, else the last that is not of
// the protocol.
func TestLastLine(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo\n":                         "two",
		"one\nunended":                       "unended",
		"panic: oh\n\ngoroutine 1\nexit 2\n": "panic: oh",
		"it failed\n{\"pong\":{}}\n":         "it failed",
		"":                                   "",
	} {
		var l lastLine
		for _, b := range []byte(text) {
			_, _ = l.Write([]byte{b})
		}
		if got := l.String(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
