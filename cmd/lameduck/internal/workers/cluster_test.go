package workers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/agent"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const asWorker = "LAMEDUCK_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "" {
		os.Exit(m.Run())
	}
	if err := agent.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "lameduck:", err)
		os.Exit(1)
	}
}

const namespace = "trial"

// cluster is an API server with a Job controller that makes running pods, the
// workers of which are in this process.
type cluster struct {
	*fake.FakeDynamicClient
	core         rest.Interface
	names        []string          // of its pods
	neverDeleted bool              // its pods are never removed
	pod          func(*corev1.Pod) // changes a new pod; default: it runs
	in           func(pod string, in io.Reader) io.Reader
	out          func(pod string, out io.Writer) io.Writer

	mu      sync.Mutex
	workers map[string]inProcess
	ended   map[string]error
	running sync.WaitGroup
}

// inProcess is a worker in this process.
type inProcess struct {
	clock timeline.Clock
	quit  context.CancelCauseFunc
}

func newCluster(t *testing.T) *cluster {
	_, core, err := kube.New(&rest.Config{Host: "http://api", Transport: logs{}})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		FakeDynamicClient: kubetest.New(), core: core, workers: map[string]inProcess{}, ended: map[string]error{},
		pod: runs,
		in:  func(_ string, in io.Reader) io.Reader { return in },
		out: func(_ string, out io.Writer) io.Writer { return out },
	}
	c.PrependReactor("create", "jobs", func(a clienttesting.Action) (bool, runtime.Object, error) {
		return false, nil, c.makePods(created(a))
	})
	c.PrependReactor("delete", "jobs", func(clienttesting.Action) (bool, runtime.Object, error) {
		return false, nil, c.deletePods()
	})
	t.Cleanup(c.running.Wait)
	return c
}

// logs is an API server that has the logs of all pods, and nothing else.
type logs struct{}

func (logs) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/namespaces/"+namespace+"/pods/{pod}/log", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "container=worker&limitBytes=1048576&tailLines=50" {
			_, _ = io.WriteString(w, "fake logs")
		}
	})
	mux.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// created is the Job that an action creates.
func created(a clienttesting.Action) *batchv1.Job {
	return kubetest.Into(a.(clienttesting.CreateAction).GetObject(), new(batchv1.Job))
}

var podsResource = corev1.SchemeGroupVersion.WithResource("pods")

func (c *cluster) makePods(job *batchv1.Job) error {
	for i := range int(*job.Spec.Completions) {
		p := &corev1.Pod{ObjectMeta: *job.Spec.Template.ObjectMeta.DeepCopy(), Spec: job.Spec.Template.Spec}
		p.Name, p.Namespace = fmt.Sprintf("%s-%d", job.Name, i), namespace
		p.Annotations[batchv1.JobCompletionIndexAnnotation] = strconv.Itoa(i)
		p.Spec.NodeName = fmt.Sprintf("node-%c", 'b'-rune(i%2)) // the first is on the second node
		c.pod(p)
		c.names = append(c.names, p.Name)
		if err := c.Tracker().Add(kubetest.Object(p)); err != nil {
			return err
		}
	}
	return nil
}

// deletePods asks the tracker: the client is locked while it reacts.
func (c *cluster) deletePods() (err error) {
	if c.neverDeleted {
		return nil
	}
	for _, name := range c.names {
		err = errors.Join(err, c.Tracker().Delete(podsResource, namespace, name))
	}
	c.names = nil
	return err
}

func runs(p *corev1.Pod) {
	p.Status.Phase = corev1.PodRunning
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: container, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
}

// attach runs the worker of a pod, for as long as it is attached.
func (c *cluster) attach(ctx context.Context, pod string, in io.Reader, out, _ io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var target control.Server
	defer target.Close()
	go func() { _ = target.Serve(l) }()
	p, err := kube.Pods.Get(ctx, c, namespace, pod)
	if err != nil {
		return err
	}
	me := wire.Hello{Protocol: wire.Protocol, Version: "v1", Pod: pod, Node: p.Spec.NodeName, Control: l.Addr().String()}
	killed, kill := context.WithCancelCause(context.Background())
	w := inProcess{timeline.NewClock(), kill}
	c.mu.Lock()
	c.workers[pod] = w
	c.mu.Unlock()
	stdin, closeStreams := io.Pipe() // ctx ends the stream, as it does for a client
	defer context.AfterFunc(ctx, func() { closeStreams.Close() })()
	go func() { _, err := io.Copy(closeStreams, c.in(pod, in)); closeStreams.CloseWithError(err) }()
	err = agent.Run(killed, me, w.clock, stdin, c.out(pod, out))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[pod] = err
	return err
}

func (c *cluster) config(count int) Config {
	return Config{
		Client: c, Core: c.core, Namespace: namespace, Image: "lameduck", Count: count, RunID: "t",
		attach: func(ctx context.Context, pod string, in io.Reader, out, errw io.Writer) error {
			c.running.Add(1)
			defer c.running.Done()
			return c.attach(ctx, pod, in, out, errw)
		},
	}
}

func (c *cluster) start(t *testing.T, count int) *Pool {
	t.Helper()
	pool, err := Start(t.Context(), c.config(count))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

// server counts its requests.
type server struct {
	address  string
	requests atomic.Int64
}

func newServer(t *testing.T) *server {
	s := new(server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	h := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.requests.Add(1)
		_, _ = io.WriteString(w, "hello\n")
	})}
	go func() { _ = h.Serve(l) }()
	t.Cleanup(func() { h.Close() })
	return s
}

// recorder keeps attempts. It has no lock: calls must not overlap, which the
// race detector checks.
type recorder struct {
	attempts []timeline.Attempt
	total    atomic.Int64
}

func (r *recorder) record(a timeline.Attempt) {
	r.attempts = append(r.attempts, a)
	r.total.Add(1)
}

// env and busySpec are a load for these tests: an attempt may take as long as a
// test may, and there are few. The counts must not depend on how busy the machine
// is.
func (r *recorder) env() traffic.Env {
	return traffic.Env{Clock: timeline.NewClock(), Record: r.record}
}

func busySpec() traffic.Spec {
	s := traffic.Spec{Load: timeline.Load{Rate: 20}, Limits: traffic.Limits{DialTimeout: time.Minute, Timeout: time.Minute, Underway: 10_000}}
	s.Host = "shop"
	return s
}

func (r *recorder) waitFor(t *testing.T, attempts int64) {
	t.Helper()
	eventually(t, func() bool { return r.total.Load() >= attempts })
}

// eventually waits for a condition that has to become true, however busy the
// machine is.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within a minute")
		}
	}
}
